#include "system/store/redis_or_file.h"

#include "core/state/standin.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/store/file_or_memory.h"
#include "system/store/store_redis.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long we leave a server alone that did not answer: every try may cost a second. */
#define AWAY_MS 5000

struct redis_or_file {
    const struct host *host;
    struct store_redis *redis;
    struct file_or_memory *standin;
    const struct keyring *keyring; /* NULL: no keys */
    char *name;                    /* the URL as it may be shown */
    int64_t away_until;            /* clock_now_ms; 0: not away */
    bool complained;
    bool told;           /* the server knows what happened while it was away */
    struct state memory; /* the last state seen */
    bool has_memory;
    bool at_standin;             /* the last state seen is the stand-in's */
    char cursor[STORE_REDIS_ID]; /* the last event read */
};

static int begin_standin(void *context, struct state *ret_state)
{
    struct redis_or_file *shared = context;
    if (!shared->has_memory)
        return store_fresh_state(ret_state);
    return standin_begin(&shared->memory, store_redis_ahead(shared->redis), time(NULL), ret_state);
}

/* One stand-in for each server and prefix, whatever the password. */
static int open_standin(struct redis_or_file *shared)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[sizeof hash * 2 + 1], name[64], events[64];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)shared->name, strlen(shared->name),
                       NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(name, sizeof name, "redis-%.8s.json", hex);
    snprintf(events, sizeof events, "redis-%.8s.events.jsonl", hex);
    char *path = files_xdg("XDG_STATE_HOME", ".local/state", name);
    shared->standin = file_or_memory_create(path, events, shared->host);
    if (!shared->standin)
        return -ENOMEM;
    store_file_begin_with(file_or_memory_file(shared->standin), begin_standin, shared);
    return 0;
}

static void destroy(void *self)
{
    struct redis_or_file *shared = self;
    if (shared->has_memory)
        state_finish(&shared->memory);
    store_redis_destroy(shared->redis);
    file_or_memory_destroy(shared->standin);
    free(shared->name);
    free(shared);
}

struct redis_or_file *redis_or_file_create(struct redisurl *url, const struct keyring *keyring,
                                           const struct host *host)
{
    struct buffer name = {0};
    struct redis_or_file *shared = calloc(1, sizeof *shared);
    redisurl_append(&name, url);
    struct store_redis *redis = store_redis_create(url, host);
    if (!shared || !redis) {
        store_redis_destroy(redis);
        buffer_finish(&name);
        free(shared);
        return NULL;
    }
    *shared = (struct redis_or_file){.host = host,
                                     .redis = redis,
                                     .keyring = keyring,
                                     .name = buffer_take(&name),
                                     .cursor = "0"};
    if (shared->name && open_standin(shared) == 0)
        return shared;
    destroy(shared);
    return NULL;
}

static bool is_away(const struct redis_or_file *shared)
{
    return clock_now_ms() < shared->away_until;
}

/* Reported once. An operation that a signal interrupted is no news. */
static void note_away(struct redis_or_file *shared, int error)
{
    const char *path = store_file_path(file_or_memory_file(shared->standin));
    shared->away_until = clock_now_ms() + AWAY_MS;
    shared->told = false;
    if (shared->complained || error == -EINTR)
        return;
    shared->complained = true;
    host_report(shared->host, REPORT_WARN,
                "%s: %s; this run goes on with the state of this machine, in %s", shared->name,
                store_redis_error(shared->redis), path ? path : "memory");
}

static void remember(struct redis_or_file *shared, struct state *state)
{
    if (shared->has_memory)
        state_finish(&shared->memory);
    shared->memory = *state;
    shared->has_memory = true;
    shared->at_standin = false;
    shared->away_until = 0;
}

/* ---- what happened while the server was away ---- */

struct recent {
    struct redis_or_file *shared;
    const struct state *standin;
    int answer; /* of the server */
};

static bool adopt(struct state *state, int64_t now, void *context)
{
    struct recent *news = context;
    (void)now;
    return standin_adopt(state, news->standin, news->shared->keyring,
                         store_redis_ahead(news->shared->redis)) == 0;
}

static int tell_state(void *context, const struct state *standin)
{
    struct recent *news = context;
    struct state state;
    news->standin = standin;
    news->answer = store_redis_update(news->shared->redis, adopt, news, &state);
    if (news->answer == 0)
        remember(news->shared, &state);
    return news->answer;
}

static void tell_event(void *context, const char *line, size_t length)
{
    struct redis_or_file *shared = context;
    (void)store_redis_log_event(shared->redis, line, length);
}

/* Returns 0, or why the server could not be told. If our file cannot be used (it is locked for
 * long, or another user's), that is not the server's fault: the next run may tell the server what
 * is in it. */
static int tell(struct redis_or_file *shared)
{
    struct recent news = {.shared = shared};
    struct store_file *file = file_or_memory_file(shared->standin);
    if (shared->told || !store_file_exists(file)) {
        shared->told = true;
        return 0;
    }
    int r = store_file_hand_over(file, tell_state, &news);
    if (news.answer < 0)
        return news.answer;
    if (r == 0)
        store_file_hand_over_events(file, tell_event, shared);
    host_report(shared->host, REPORT_EXPLAIN, "%s: %s%s", shared->name,
                r < 0 ? "what happened while it was away cannot be told now: "
                      : "told what happened while it was away",
                r < 0 ? strerror(-r) : "");
    shared->told = true;
    return 0;
}

/* ---- the calls ---- */

/* Makes a change while the server is away. */
struct detour {
    struct redis_or_file *shared;
    store_change *change;
    void *context;
};

static bool change_standin(struct state *state, int64_t now, void *context)
{
    const struct detour *detour = context;
    bool changed = detour->change(state, now, detour->context);
    store_redis_follow(detour->shared->redis, state);
    return changed;
}

/* Returns 0, or a negative errno if the server is away. */
static int update_server(struct redis_or_file *shared, store_change *change, void *context)
{
    struct state state;
    int r = is_away(shared) ? -ENOTCONN : tell(shared);
    if (r == 0)
        r = store_redis_update(shared->redis, change, context, &state);
    if (r == 0)
        remember(shared, &state);
    else if (!is_away(shared))
        note_away(shared, r);
    return r;
}

static int update(void *self, store_change *change, void *context)
{
    struct redis_or_file *shared = self;
    struct detour detour = {shared, change, context};
    if (update_server(shared, change, context) == 0)
        return 0;
    shared->at_standin = true;
    int r = file_or_memory_update(shared->standin, change_standin, &detour);
    return r < 0 ? r : 1;
}

static int try_update(void *self, store_change *change, void *context, struct buffer *why)
{
    struct redis_or_file *shared = self;
    struct detour detour = {shared, change, context};
    if (update_server(shared, change, context) == 0)
        return 0;
    shared->at_standin = true;
    int r = file_or_memory_try_update(shared->standin, change_standin, &detour, why);
    return r < 0 ? r : 1;
}

static const struct state *last(const void *self)
{
    const struct redis_or_file *shared = self;
    return shared->at_standin   ? file_or_memory_last(shared->standin)
           : shared->has_memory ? &shared->memory
                                : NULL;
}

static void follow_keys(void *self, const struct keyring *keyring)
{
    struct redis_or_file *shared = self;
    shared->keyring = keyring;
}

static struct state *read_state(void *self)
{
    struct redis_or_file *shared = self;
    struct state state;
    int r = is_away(shared) ? -ENOTCONN : 0;
    /* A run that went on without the server must not forget what happened to the keys meanwhile. */
    if (r == 0 && shared->complained)
        r = tell(shared);
    if (r == 0)
        r = store_redis_read(shared->redis, &state);
    if (r == 0) {
        remember(shared, &state);
        return &shared->memory;
    }
    if (!is_away(shared))
        note_away(shared, r);
    shared->at_standin = true;
    return file_or_memory_read(shared->standin);
}

static void note_event(void *self, const char *line)
{
    struct redis_or_file *shared = self;
    size_t length = strcspn(line, "\n");
    if (is_away(shared) || store_redis_log_event(shared->redis, line, length) < 0)
        file_or_memory_backend.note_event(shared->standin, line);
}

static int events(void *self, void (*take)(void *context, const char *line, size_t length),
                  void *context)
{
    struct redis_or_file *shared = self;
    int r = is_away(shared) ? -ENOTCONN
                            : store_redis_events(shared->redis, shared->cursor, take, context);
    if (r == 0)
        return strcmp(shared->cursor, "0") == 0 ? -ENOENT : 0;
    if (!is_away(shared))
        note_away(shared, r);
    return file_or_memory_backend.events(shared->standin, take, context);
}

static const char *path(const void *self)
{
    (void)self;
    return NULL;
}

static const char *events_path(const void *self)
{
    const struct redis_or_file *shared = self;
    return is_away(shared) ? file_or_memory_backend.events_path(shared->standin) : shared->name;
}

static int64_t ahead(const void *self)
{
    const struct redis_or_file *shared = self;
    return is_away(shared) ? 0 : store_redis_ahead(shared->redis);
}

static int64_t due(const void *self)
{
    const struct redis_or_file *shared = self;
    return store_redis_due(shared->redis);
}

static void renew(void *self, int64_t now_ms)
{
    struct redis_or_file *shared = self;
    store_redis_renew(shared->redis, now_ms);
}

static void let_go(void *self)
{
    struct redis_or_file *shared = self;
    store_redis_let_go(shared->redis);
}

static int claim_on_server(void *self, struct claim *claim)
{
    struct redis_or_file *shared = self;
    int r = is_away(shared) ? -ENOTCONN : store_redis_claim(shared->redis, claim);
    if (r < 0 && !is_away(shared))
        note_away(shared, r);
    return r;
}

static int probe(void *self, struct state *ret_state, int64_t *ret_ahead, struct buffer *error)
{
    struct redis_or_file *shared = self;
    int r = store_redis_read(shared->redis, ret_state);
    if (r == 0)
        *ret_ahead = store_redis_ahead(shared->redis);
    else
        buffer_append_text(error, store_redis_error(shared->redis));
    return r;
}

const struct store_backend redis_or_file_backend = {
    .update = update,
    .try_update = try_update,
    .last = last,
    .follow_keys = follow_keys,
    .read = read_state,
    .note_event = note_event,
    .events = events,
    .path = path,
    .events_path = events_path,
    .destroy = destroy,
    .ahead = ahead,
    .due = due,
    .renew = renew,
    .let_go = let_go,
    .claim = claim_on_server,
    .probe = probe,
};
