#include "system/store/store_redis_parts.h"

#include "system/clock.h"
#include "system/process/process.h"
#include "system/store/redis_scripts.h"

#include <errno.h>
#include <stdlib.h>

#define PARTING_MS 100
#define RENEWALS   4 /* in the lifetime of a lease */
#define RETRY_MS   1000
#define LOOK_MS    50

static int64_t every_ms(const struct store_redis *store)
{
    return strtoll(store->lease_ms, NULL, 10) / RENEWALS;
}

void store_redis_remember(struct store_redis *store, char *lease)
{
    free(store->lease);
    store->lease = lease;
    store->due = store->renewal = clock_now_ms() + every_ms(store);
}

void store_redis_follow(struct store_redis *store, const struct state *state)
{
    const struct owner self = process_self();
    char *lease = store->lease ? leases_print(state, &self) : NULL;
    if (!lease)
        return;
    free(store->lease);
    store->lease = lease;
}

int64_t store_redis_due(const struct store_redis *store)
{
    return store->lease ? store->due : -1;
}

static int renew(struct store_redis *store)
{
    struct eval eval;
    int r = eval_init(store, &eval, script_renew, 3);
    if (r == 0) {
        eval_add(&eval, store->self);
        eval_add(&eval, store->lease);
        eval_add(&eval, store->lease_ms);
        struct redis_command command = eval_command(&eval);
        r = redis_post(store->redis, &command);
    }
    eval_finish(&eval);
    return r;
}

/* A new connection needs several steps, so it is looked at often until the answer has come. A
 * renewal that was not answered by the time of the next one is lost. */
void store_redis_renew(struct store_redis *store, int64_t now)
{
    if (!store->lease || now < store->due)
        return;
    int missing = redis_step(store->redis);
    if (missing >= 0 && now < store->renewal) {
        store->due = missing > 0 ? now + LOOK_MS : store->renewal;
        return;
    }
    if (missing < 0 && missing != -ENOTCONN) {
        store->due = store->renewal = now + RETRY_MS;
        return;
    }
    if (missing > 0)
        redis_drop(store->redis);
    bool sent = renew(store) == 0;
    store->renewal = now + (sent ? every_ms(store) : RETRY_MS);
    store->due = sent ? now + LOOK_MS : store->renewal;
}

void store_redis_let_go(struct store_redis *store)
{
    struct eval eval;
    int64_t deadline = clock_now_ms() + PARTING_MS;
    int r = store->lease ? eval_init(store, &eval, script_let_go, 1) : -ENOENT;
    if (r == 0) {
        eval_add(&eval, store->self);
        struct redis_command command = eval_command(&eval);
        (void)redis_post(store->redis, &command);
        free(store->lease);
        store->lease = NULL;
    }
    if (r != -ENOENT)
        eval_finish(&eval);
    redis_settle(store->redis, deadline);
}
