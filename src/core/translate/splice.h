/* A request's body with one thing changed and every other byte as it was. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Another model in place of the one asked for. False if the body names none, or is not an object.
 */
bool splice_model(const char *body, size_t length, const char *model, struct buffer *ret_body);

/* Without the blocks of thinking in its messages, and without asking for thinking: a signature is
 * valid only for the account and the model that it was made for. False if there are none. */
bool splice_without_thinking(const char *body, size_t length, struct buffer *ret_body);
