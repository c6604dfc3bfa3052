/* What options say of a key, as fields of its entry in the key file: for `add`, `set` and `renew`.
 */
#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stdint.h>

/* NULL: not said. */
struct key_fields {
    const char *kind, *base_url, *organization, *priority, *expires, *at_most, *budget;
    bool plain_http;
    bool may_remove; /* "" takes a field out; else it is a mistake */
};

/* The kind that "--kind TEXT" means; false if it means none. */
bool key_fields_kind(const char *text, struct kind *ret_kind);

/* Sets them in an entry; values are judged by the reader of key files later, where it can. Returns
 * 0; -EINVAL with one sentence in `error`, the option first; -ENOMEM. */
int key_fields_set(const struct key_fields *fields, int64_t now, cJSON *entry,
                   struct buffer *error);
