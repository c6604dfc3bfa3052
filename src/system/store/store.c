#include "system/store/store.h"

#include "config.h"
#include "core/pool/redisurl.h"
#include "system/files.h"
#include "system/store/file_or_memory.h"
#ifdef TCR_REDIS
#include "system/store/redis_or_file.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct store {
    const struct store_backend *backend;
    void *self;
};

#ifdef TCR_REDIS
static void *open_server(struct redisurl *url, const struct keyring *keyring,
                         const struct host *host, struct buffer *error)
{
    void *self = redis_or_file_create(url, keyring, host);
    if (!self)
        buffer_append_text(error, "out of memory");
    return self;
}
#define SERVER_BACKEND &redis_or_file_backend
#else
static void *open_server(struct redisurl *url, const struct keyring *keyring,
                         const struct host *host, struct buffer *error)
{
    (void)keyring, (void)host;
    redisurl_finish(url);
    buffer_append_text(error, "this tcr-run was built without Redis; install "
                              "libhiredis-dev and build with meson setup -Dredis=enabled");
    return NULL;
}
#define SERVER_BACKEND NULL
#endif

/* False, after printing the reason, if it cannot be one. */
static bool be_server(struct store *store, const char *text, const struct keyring *keyring,
                      const struct host *host)
{
    struct redisurl url;
    struct buffer error = {0};
    if (redisurl_parse(text, &url, &error) == 0)
        store->self = open_server(&url, keyring, host, &error);
    store->backend = SERVER_BACKEND;
    if (!store->self)
        host_report(host, REPORT_WARN,
                    "TCR_STATE: %s; this run goes on with the state of this machine",
                    buffer_text(&error));
    buffer_finish(&error);
    return store->self != NULL;
}

struct store *store_create(const struct keyring *keyring, const struct host *host)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    const char *own = getenv("TCR_STATE");
    bool is_url = own && redisurl_is_one(own);
    if (is_url && be_server(store, own, keyring, host))
        return store;
    char *path = own && *own && !is_url ? files_expand(own, NULL)
                                        : files_xdg("XDG_STATE_HOME", ".local/state", "state.json");
    store->backend = &file_or_memory_backend;
    store->self = file_or_memory_create(path, "events.jsonl", host);
    if (store->self)
        return store;
    free(store);
    return NULL;
}

void store_destroy(struct store *store)
{
    if (!store)
        return;
    store->backend->destroy(store->self);
    free(store);
}

int store_update(struct store *store, store_change *change, void *context)
{
    return store->backend->update(store->self, change, context);
}

int store_try_update(struct store *store, store_change *change, void *context, struct buffer *why)
{
    return store->backend->try_update(store->self, change, context, why);
}

const struct state *store_last(const struct store *store)
{
    return store->backend->last(store->self);
}

void store_follow_keys(struct store *store, const struct keyring *keyring)
{
    if (store->backend->follow_keys)
        store->backend->follow_keys(store->self, keyring);
}

struct state *store_read(struct store *store)
{
    return store->backend->read(store->self);
}

int64_t store_now(const struct store *store)
{
    return time(NULL) + (store->backend->ahead ? store->backend->ahead(store->self) : 0);
}

const char *store_path(const struct store *store)
{
    return store->backend->path(store->self);
}

void store_log_event(struct store *store, const char *line)
{
    store->backend->note_event(store->self, line);
}

int store_events(struct store *store, void (*take)(void *context, const char *line, size_t length),
                 void *context)
{
    return store->backend->events(store->self, take, context);
}

const char *store_events_path(const struct store *store)
{
    return store->backend->events_path(store->self);
}

int64_t store_due(const struct store *store)
{
    return store->backend->due ? store->backend->due(store->self) : -1;
}

void store_renew(struct store *store, int64_t now_ms)
{
    if (store->backend->renew)
        store->backend->renew(store->self, now_ms);
}

void store_let_go(struct store *store)
{
    if (store->backend->let_go)
        store->backend->let_go(store->self);
}

int store_probe(struct store *store, struct state *ret_state, int64_t *ret_ahead,
                struct buffer *error)
{
    return store->backend->probe ? store->backend->probe(store->self, ret_state, ret_ahead, error)
                                 : -ENODEV;
}

bool store_takes_claims(const struct store *store)
{
    return store->backend->claim != NULL;
}

int store_claim(struct store *store, struct claim *claim)
{
    return store->backend->claim ? store->backend->claim(store->self, claim) : -ENODEV;
}
