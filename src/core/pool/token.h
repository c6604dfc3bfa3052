/* What can be a token. Only its provider can find out that one is wrong, at the end of a run, so
 * what surely is not a token is refused where it is written. */
#pragma once

#include "base/buffer.h"
#include "core/pool/kind.h"

/* The bytes without the white space around them. */
const char *token_trim(const char *bytes, size_t *length);

/* Looks at trimmed bytes. `kind` is the kind that the user gave for it; NULL if that is not known.
 * Returns 0, or -EINVAL with the end of a sentence in `error` ("the token ..."), which quotes
 * nothing of it but characters that no token has. */
int token_check(const char *bytes, size_t length, const struct kind *kind, struct buffer *error);

/* True for one of Anthropic's that is much shorter than they are: its end may be missing. */
bool token_is_short(const char *token);
#define TOKEN_USUAL_LENGTH 108

/* True if `rest`, the lines below a token's, begins with what may be its second half: a terminal
 * breaks long lines, and copying them brings the break. */
bool token_is_torn(const char *rest, size_t length);
