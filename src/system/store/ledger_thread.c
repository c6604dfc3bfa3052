#include "system/store/ledger_parts.h"

#include "system/clock.h"
#include "system/waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITE_MS     300   /* after the first change that is not urgent */
#define LOOK_MS      700   /* between two looks at the changes of others */
#define RETRY_MS     1000  /* after a store could not be used */
#define ENTRIES_MOST 20000 /* that wait for a store; above this the oldest half is dropped */

/* ---- taking what has to be written ---- */

/* Under the lock. */
static int copy_leases(struct ledger *ledger)
{
    struct lease *leases = calloc(ledger->held.lease_count + 1, sizeof *leases);
    if (!leases)
        return -ENOMEM;
    if (ledger->held.lease_count > 0)
        memcpy(leases, ledger->held.leases, ledger->held.lease_count * sizeof *leases);
    free(ledger->leases);
    ledger->leases = leases;
    ledger->lease_count = ledger->held.lease_count;
    ledger->held_changed = false;
    ledger->write_leases = true;
    return 0;
}

/* Called under the lock. Only changes that a store refused are still in the air; the new ones are
 * added to them. */
static void take_entries(struct ledger *ledger)
{
    if (ledger->flying.count == 0) {
        struct entries empty = ledger->flying;
        ledger->flying = ledger->fresh;
        ledger->fresh = empty;
        return;
    }
    size_t taken = 0;
    while (taken < ledger->fresh.count &&
           entries_add(&ledger->flying, &ledger->fresh.list[taken]) == 0)
        taken++;
    ledger->fresh.count -= taken;
    memmove(ledger->fresh.list, ledger->fresh.list + taken,
            ledger->fresh.count * sizeof *ledger->fresh.list);
    if (ledger->flying.count > ENTRIES_MOST) {
        size_t old = ledger->flying.count / 2;
        ledger->flying.count -= old;
        memmove(ledger->flying.list, ledger->flying.list + old,
                ledger->flying.count * sizeof *ledger->flying.list);
    }
}

/* Called under the lock. True if the loop has entries to release. */
static bool take_keys(struct ledger *ledger)
{
    if (!ledger->has_next_keys || ledger->has_old_keys)
        return false;
    ledger->old_keys = ledger->keys;
    ledger->has_old_keys = ledger->old_keys.release != NULL;
    ledger->keys = ledger->next_keys;
    ledger->has_next_keys = false;
    store_follow_keys(ledger->store, ledger->keys.keyring);
    return ledger->has_old_keys;
}

/* ---- writing ---- */

/* Without a file the state is unknown, and holds nobody's names. */
static void take_salt(struct state *state, const char *salt)
{
    if (state->keys.count + state->organizations.count + state->lease_count +
            state->master_use_count ==
        0)
        memcpy(state->salt, salt, sizeof state->salt);
}

struct writing {
    struct ledger *ledger;
    const char *salt;
    bool foreign;
    int error;
};

static bool write_all(struct state *state, int64_t now, void *context)
{
    struct writing *writing = context;
    struct ledger *ledger = writing->ledger;
    take_salt(state, writing->salt);
    writing->foreign = strcmp(state->salt, writing->salt) != 0;
    if (writing->foreign)
        return false;
    writing->error = entries_do(state, &ledger->flying, now - time(NULL));
    state_drop_leases(state, &ledger->owner);
    for (size_t i = 0; i < ledger->lease_count && writing->error >= 0; i++)
        writing->error = state_add_lease(state, &ledger->leases[i]);
    return true;
}

static void report_once(struct ledger *ledger, const struct buffer *why)
{
    if (ledger->reported)
        return;
    ledger->reported = true;
    host_report(&ledger->store_host, REPORT_WARN,
                "%s; what is learned stays in memory until it can be written", buffer_text(why));
}

/* Returns 0 or a negative errno: -ESTALE if the state there has other names for the keys. */
static int write_store(struct ledger *ledger, const char *salt)
{
    struct writing writing = {.ledger = ledger, .salt = salt};
    struct buffer why = {0};
    int r = store_try_update(ledger->store, write_all, &writing, &why);
    if (r < 0)
        report_once(ledger, &why);
    buffer_finish(&why);
    if (r >= 0 && writing.foreign)
        return -ESTALE;
    if (r >= 0 && writing.error < 0)
        return writing.error;
    return r < 0 ? r : 0;
}

static void write_events(struct ledger *ledger, struct buffer *events)
{
    char *line = events->length > 0 ? events->data : NULL;
    for (char *end; line && (end = strchr(line, '\n')); line = end + 1) {
        char after = end[1];
        end[1] = '\0';
        store_log_event(ledger->store, line);
        end[1] = after;
    }
    buffer_finish(events);
}

/* ---- telling the loop ---- */

/* Gives the loop what the store holds now; `written` if that includes what was in the air. */
static void post(struct ledger *ledger, const struct state *seen, bool written)
{
    struct state copy, old = {0};
    bool copied = seen && state_copy(seen, &copy) == 0;
    int64_t ahead = store_now(ledger->store) - time(NULL);
    pthread_mutex_lock(&ledger->lock);
    if (copied) {
        if (ledger->has_news)
            old = ledger->news;
        take_salt(&copy, ledger->salt);
        ledger->news = copy;
        ledger->news_ahead = ahead;
        ledger->has_news = true;
        ledger->foreign = strcmp(copy.salt, ledger->salt) != 0;
        if (ledger->foreign)
            pthread_cond_signal(&ledger->ended);
    }
    if (written) {
        ledger->flying.count = 0;
        ledger->write_leases = false;
    }
    pthread_mutex_unlock(&ledger->lock);
    state_finish(&old);
}

static void tell(const struct ledger *ledger)
{
    (void)!write(ledger->tell_fd, "", 1); /* if the pipe is full, the loop knows already */
}

/* ---- the thread ---- */

struct work {
    bool due, write, look, end, tell;
    char salt[IDENTITY_SALT];
    struct buffer events;
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct timespec moment(int64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = ms % 1000 * 1000000};
}

/* Called under the lock. When there will be something to do, by clock_now_ms. */
static int64_t next_moment(const struct ledger *ledger, int64_t now)
{
    int64_t due = store_due(ledger->store), next = ledger->look_at;
    if (due >= 0)
        next = earlier(next, due);
    if (ledger->claims.first)
        return now;
    if (ledger->foreign)
        return next;
    if (ledger->ending || (ledger->has_next_keys && !ledger->has_old_keys))
        return now;
    if (ledger->failing)
        return earlier(next, ledger->retry_at);
    if (ledger->urgent)
        return now;
    return ledger->dirty ? earlier(next, ledger->dirty_until) : next;
}

/* Under the lock: sleeps until there is something to do. */
static void sleep_until_due(struct ledger *ledger)
{
    for (;;) {
        int64_t now = clock_now_ms();
        if (ledger->dirty && ledger->dirty_until == 0)
            ledger->dirty_until = now + WRITE_MS;
        int64_t next = next_moment(ledger, now);
        if (next <= now)
            return;
        const struct timespec until = moment(next);
        (void)waiting_until(&ledger->wake, &ledger->lock, &until);
    }
}

/* Under the lock. */
static void take_work(struct ledger *ledger, struct work *ret_work)
{
    int64_t now = clock_now_ms();
    *ret_work = (struct work){.end = ledger->ending && !ledger->foreign,
                              .look = now >= ledger->look_at,
                              .events = ledger->events};
    memcpy(ret_work->salt, ledger->salt, sizeof ret_work->salt);
    ledger->events = (struct buffer){0};
    ret_work->tell = take_keys(ledger);
    bool due = ledger->failing ? now >= ledger->retry_at
                               : ledger->urgent || (ledger->dirty && now >= ledger->dirty_until);
    ret_work->due = !ledger->foreign && (due || ledger->ending);
    if (!ret_work->due)
        return;
    if (ledger->held_changed)
        (void)copy_leases(ledger);
    take_entries(ledger);
    ledger->urgent = ledger->dirty = false;
    ledger->dirty_until = 0;
    ret_work->write = ledger->flying.count > 0 || ledger->write_leases;
}

static void do_work(struct ledger *ledger, struct work *work)
{
    if (ledger_answer_claims(ledger)) /* requests are waiting for them */
        tell(ledger);
    int r = work->write ? write_store(ledger, work->salt) : 0;
    bool written = work->write && r == 0;
    if (work->events.length > 0)
        write_events(ledger, &work->events);
    if (r == -ESTALE)
        work->end = false; /* the loop renames the keys, and then it is written */
    if (work->end)
        store_let_go(ledger->store);
    else if (written || r == -ESTALE)
        post(ledger, store_last(ledger->store), written);
    else if (work->look)
        post(ledger, store_read(ledger->store), false);
    if (work->end && written)
        post(ledger, NULL, true);
    int64_t now = clock_now_ms();
    if (!work->end && store_due(ledger->store) >= 0)
        store_renew(ledger->store, now);
    if (written || work->look)
        ledger->look_at = now + LOOK_MS;
    if (r < 0)
        ledger->retry_at = now + RETRY_MS;
    pthread_mutex_lock(&ledger->lock);
    if (work->due)
        ledger->failing = r < 0 && r != -ESTALE;
    pthread_mutex_unlock(&ledger->lock);
    if (written || work->look || work->tell || r < 0)
        tell(ledger);
}

void *ledger_keep(void *context)
{
    struct ledger *ledger = context;
    struct work work = {0};
    while (!work.end) {
        pthread_mutex_lock(&ledger->lock);
        sleep_until_due(ledger);
        take_work(ledger, &work);
        pthread_mutex_unlock(&ledger->lock);
        do_work(ledger, &work);
    }
    pthread_mutex_lock(&ledger->lock);
    ledger->has_ended = true;
    pthread_cond_signal(&ledger->ended);
    pthread_mutex_unlock(&ledger->lock);
    return NULL;
}
