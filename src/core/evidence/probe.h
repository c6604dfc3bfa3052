/* What is asked of a provider to learn whether it takes a key: a request that costs nothing. */
#pragma once

#include "base/buffer.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stddef.h>

#define PROBE_HEADERS 3

/* A GET. */
struct probe {
    char *url;                          /* without our secret */
    const char *headers[PROBE_HEADERS]; /* "name: value" */
    size_t header_count;
    char *credential; /* the one of them that holds the secret, in guarded memory */
};

/* `base` is the address to ask at; NULL or "" is the provider's own. Returns 0; -EINVAL
 * with one sentence in `error`; -ENOMEM. The caller ends the probe with probe_finish either way. */
int probe_build(const struct kind *kind, const char *token, const char *base,
                struct probe *ret_probe, struct buffer *error);
void probe_finish(struct probe *probe);

/* True if a text, an answer's for example, quotes the secret as it is or as it was sent. */
bool probe_is_quoted(const struct probe *probe, const char *token, const char *text);
