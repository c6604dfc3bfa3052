/* Anthropic's list of models as OpenAI's programs read one. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* A list, or one model. False if the body is neither. */
bool modellist_to_openai(const char *body, size_t length, struct buffer *out);
