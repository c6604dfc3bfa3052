/* Where a shared state lives: redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?prefix=NAME], the
 * same with rediss:// for TLS, and redis+unix://[USER[:PASSWORD]@]/SOCKET[?db=N&prefix=NAME]. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

#define REDISURL_DEFAULT_PORT   "6379"
#define REDISURL_DEFAULT_PREFIX "tcr"

struct redisurl {
    bool tls;
    char *socket; /* path; NULL: host and port */
    char *host, *port;
    char *user, *password; /* NULL: none */
    int database;
    char *prefix; /* of all keys on the server */
};

/* True if the text begins as one of these URLs, or as a mistaken one (valkey://, REDIS://,
 * redis:/): then it is not taken for a file's path, which would have a password in its name. */
bool redisurl_is_one(const char *text);

/* Returns 0; -EINVAL with one sentence in `error`, which repeats nothing of the text, because any
 * part of it may be a misplaced password; -ENOMEM. Ended with redisurl_finish. */
int redisurl_parse(const char *text, struct redisurl *ret_url, struct buffer *error);

/* Frees all, and overwrites the password. */
void redisurl_finish(struct redisurl *url);

/* "redis://host:6379/0?prefix=tcr": for messages, without user and password. */
void redisurl_append(struct buffer *text, const struct redisurl *url);
