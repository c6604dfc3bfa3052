/* What the files of the Redis store share; for store_redis*.c alone. */
#pragma once

#include "system/store/redis.h"
#include "system/store/store_redis.h"

#include <stddef.h>
#include <stdint.h>

#define STORE_CALL_MS     1000 /* to connect and be answered, or for one answer */
#define STORE_OWNER_TEXT  128
#define STORE_NUMBER_TEXT 24

enum part { PART_STATE, PART_LEASES, PART_ALIVE, PART_TURN, PART_HOLDER, PART_EVENTS, PART_COUNT };

struct store_redis {
    const struct host *host;
    struct redisurl url;
    struct redis *redis;
    char *keys[PART_COUNT];
    char self[STORE_OWNER_TEXT]; /* this process, as a field of `leases` */
    char lease_ms[STORE_NUMBER_TEXT];
    int64_t ahead;
    unsigned long changes; /* tells one try of a change from the next */
    char *lease;           /* ours, as text; NULL: none */
    int64_t renewal;       /* when it is to be renewed */
    int64_t due;           /* when the connection is to be looked at */
    struct buffer error;   /* instead of what `redis` says */
};

/* A process as a field of `leases`. */
void store_redis_name(const struct owner *owner, char ret_text[STORE_OWNER_TEXT]);

/* Returns 0 with a reply that is not an error, or a negative errno, the reason in `store->error`.
 * The command may be sent twice. */
int store_redis_run(struct store_redis *store, const struct redis_command *command,
                    int64_t deadline, redisReply **ret_reply);

/* A script with its arguments, borrowed: eval_init with room for so many, then eval_add for each,
 * eval_finish at the end, also if eval_init failed for lack of memory. */
struct eval {
    const char **words;
    size_t *lengths;
    int count;
};
int eval_init(const struct store_redis *store, struct eval *eval, const char *script,
              size_t arguments);
void eval_add(struct eval *eval, const char *word);
struct redis_command eval_command(struct eval *eval);
int eval_run(struct store_redis *store, struct eval *eval, redisReply **ret_reply);
void eval_finish(struct eval *eval);

/* Our lease as it is on the server now, taken over; NULL: there is none. */
void store_redis_remember(struct store_redis *store, char *lease);
