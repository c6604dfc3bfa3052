/* What can be a token. A wrong one is found out by its provider alone, at the end of a run, so what
 * surely is none is refused where it is written. */
#pragma once

#include "base/buffer.h"
#include "core/pool/kind.h"

/* The bytes without the white space around them. */
const char *token_trim(const char *bytes, size_t *length);

/* Looks at trimmed bytes. `kind` is what the token is said to be of; NULL if that is not known.
 * Returns 0, or -EINVAL with the end of a sentence in `error` ("the token ..."), in which nothing
 * of it is quoted but characters that no token has. */
int token_check(const char *bytes, size_t length, const struct kind *kind, struct buffer *error);

/* True if `rest`, the lines below a token's, begins with what may be its second half: a terminal
 * breaks long lines, and copying them brings the break. */
bool token_is_torn(const char *rest, size_t length);
