/* A line of output as plain text: without what only a terminal makes sense of, and in one form for
 * what is written in several. */
#pragma once

#include "base/buffer.h"

#include <stddef.h>

/* How many bytes may stand before a message: white space, escape sequences, a traceback's bar. */
size_t plain_lead(const char *bytes, size_t length);

/* Appends the line without terminal escape sequences and control characters. */
void plain_append(const char *line, size_t length, struct buffer *text);

/* The same, but tabs stay tabs. */
void plain_append_with_tabs(const char *line, size_t length, struct buffer *text);

/* Appends one form for what versions of a client write differently: separators become '|', the
 * typographic apostrophe becomes ', runs of blanks one. */
void plain_normalise(const struct buffer *plain, struct buffer *text);
