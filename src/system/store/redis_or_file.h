/* The store that machines share on a Redis server. While that cannot be used, a file of this
 * machine stands in for it, which a later run, or a later change of this one, tells the server. */
#pragma once

#include "core/pool/redisurl.h"
#include "system/store/store_backend.h"

struct redis_or_file;

extern const struct store_backend redis_or_file_backend;

/* Takes the URL over, also on failure; the host is borrowed. NULL if out of memory. */
struct redis_or_file *redis_or_file_create(struct redisurl *url, const struct keyring *keyring,
                                           const struct host *host);
