/* A word as a shell wants it, for command lines in messages that can be copied. */
#pragma once

#include "base/buffer.h"

/* As it is, or between apostrophes. */
void shellword_append(struct buffer *text, const char *word);

/* The same as a string that the caller frees; NULL without memory. */
char *shellword_copy(const char *word);
