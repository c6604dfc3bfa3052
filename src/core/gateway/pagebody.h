/* What the page sends with a change, and what a check of a key printed, read and checked. */
#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "core/pool/address.h"

#include <stdbool.h>
#include <stdint.h>

struct pagebody_key {
    const char *name, *secret;   /* borrowed from the body */
    const char *kind;            /* NULL: as the secret's beginning says */
    char base_url[ADDRESS_TEXT]; /* "": its provider's own */
    bool has_priority;
    int64_t priority;
};

/* A key to be added. Everything but the secret becomes an argument of a command, which others can
 * see: nothing that may be one is let through. Returns 0, or -EINVAL with one sentence. */
int pagebody_read_key(const cJSON *body, struct pagebody_key *ret_key, struct buffer *error);

/* An object such as {"claude-opus-*": ["claude-sonnet-*"]}, as --model-fallback has it ("" for an
 * empty one). Returns 0; -EINVAL with one sentence; -ENOMEM. */
int pagebody_read_fallback(const cJSON *body, struct buffer *ret_rules, struct buffer *error);

/* What `keys check --json NAME` printed, as a sentence; false if that is not in it. */
bool pagebody_tell_check(const char *printed, bool *ret_valid, struct buffer *text);
