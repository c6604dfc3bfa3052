/* Commands to one Redis server: hiredis writes and reads the protocol, everything else is ours, so
 * that one deadline bounds it all and nothing has to wait that must not. */
#pragma once

#include "core/pool/redisurl.h"
#include "system/host.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis;

/* The URL and the host are borrowed. Touches nothing yet; NULL if out of memory. */
struct redis *redis_create(const struct redisurl *url, const struct host *host);
void redis_destroy(struct redis *redis);

struct redis_command {
    int count;
    const char **words;
    const size_t *lengths; /* NULL: words end in NUL */
};

/* Sends a command, connecting if need be, and waits for its reply (freed with freeReplyObject)
 * until `deadline` (clock_now_ms) or until the host is interrupted. Returns 0, also for
 * a reply that is an error; a negative errno if there is none, the connection closed and
 * redis_error telling why: -EACCES if the server refused us, -ETIMEDOUT, -EINTR. */
int redis_call(struct redis *redis, const struct redis_command *command, int64_t deadline,
               redisReply **ret_reply);

/* Sends a command as far as that goes now; its reply is read some time and forgotten. Where there
 * is no connection one is begun, to an address that answered before. Never waits. Returns 0 or a
 * negative errno. */
int redis_post(struct redis *redis, const struct redis_command *command);

/* Goes on with what was posted, without waiting. Returns how many replies are still missing, or a
 * negative errno. */
int redis_step(struct redis *redis);

/* Waits until everything posted has its reply, or `deadline`. */
void redis_settle(struct redis *redis, int64_t deadline);

/* Closes the connection; the next command makes a new one. */
void redis_drop(struct redis *redis);

/* One sentence about the last failure, without a secret; "" if there was none. */
const char *redis_error(const struct redis *redis);
