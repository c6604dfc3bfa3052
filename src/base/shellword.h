/* A word as a shell wants it, for command lines in messages that can be copied. */
#pragma once

#include "base/buffer.h"

/* As it is, or between apostrophes. */
void shellword_append(struct buffer *text, const char *word);
