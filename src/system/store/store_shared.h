/* The store that machines share on a Redis server. While that cannot be used, a file of this
 * machine stands in for it, which a later run, or a later change of this one, tells the server. */
#pragma once

#include "core/pool/redisurl.h"
#include "system/store/store_backend.h"

struct store_shared;

extern const struct store_backend store_shared_backend;

/* Takes the URL over, also on failure. NULL if out of memory. */
struct store_shared *store_shared_create(struct redisurl *url, const struct keyring *keyring);
