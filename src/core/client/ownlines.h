/* Lines of ours in a file that somebody else owns: between two comments, which tell where they
 * begin and end. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the text with these lines (each with its newline) at its end, in place of those that were
 * there before. False if they are there already, just so; then nothing is appended. */
bool ownlines_add(const char *text, size_t length, const char *lines, struct buffer *ret_text);

/* Appends the text without them. Returns 1; 0 if there are none, with nothing appended; -EINVAL if
 * they begin and do not end. */
int ownlines_remove(const char *text, size_t length, struct buffer *ret_text);
