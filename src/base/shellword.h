/* A word as a shell wants it, for command lines in messages that can be copied. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

/* As it is, or between apostrophes. */
void shellword_append(struct buffer *text, const char *word);

/* The same as a string that the caller frees; NULL without memory. */
char *shellword_copy(const char *word);

/* True if a shell takes every word of the text as it is: it is no more than words and blanks. */
bool shellword_are_plain(const char *text);

/* The first word of a command as it stands there, for the caller to free; empty if there is none.
 * NULL without memory, and where a shell could do something to find out what the word is. */
char *shellword_first(const char *command);
