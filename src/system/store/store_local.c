#include "system/store/store_local.h"

#include "base/path.h"
#include "system/log.h"
#include "system/process/process.h"
#include "system/store/eventfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct store_local {
    struct store_file *file;
    char *events, *events_path;
    struct eventfile reader;
    bool has_reader;
    bool complained;
    struct state memory; /* the last state seen: what stays if the file cannot be used */
    bool has_memory;
};

static char *path_beside(const char *path, const char *name)
{
    char *beside = NULL;
    int length = path ? (int)(path_name(path) - path) : 0;
    return path && asprintf(&beside, "%.*s%s", length, path, name) >= 0 ? beside : NULL;
}

struct store_local *store_local_create(char *path, const char *events)
{
    struct store_local *local = calloc(1, sizeof *local);
    if (!local) {
        free(path);
        return NULL;
    }
    local->events = strdup(events);
    local->events_path = path_beside(path, events);
    local->file = store_file_create(path, local->events);
    if (!local->file || !local->events) {
        store_local_destroy(local);
        return NULL;
    }
    return local;
}

void store_local_destroy(struct store_local *local)
{
    if (!local)
        return;
    if (local->has_memory)
        state_finish(&local->memory);
    if (local->has_reader)
        eventfile_finish(&local->reader);
    store_file_destroy(local->file);
    free(local->events);
    free(local->events_path);
    free(local);
}

struct store_file *store_local_file(struct store_local *local)
{
    return local->file;
}

static void complain(struct store_local *local, const char *what, int error)
{
    const char *path = store_file_path(local->file);
    if (local->complained)
        return;
    local->complained = true;
    log_say("%s: %s: %s; this run goes on without its memory of earlier ones",
            path ? path : "state", what, strerror(-error));
}

static void remember(struct store_local *local, struct state *state)
{
    if (local->has_memory)
        state_finish(&local->memory);
    local->memory = *state;
    local->has_memory = true;
}

/* The change without a file: on what was last seen, or on nothing. */
static int update_memory(struct store_local *local, store_change *change, void *context)
{
    int64_t now = time(NULL);
    if (!local->has_memory) {
        if (store_fresh_state(&local->memory) < 0)
            return -ENOMEM;
        local->has_memory = true;
    }
    state_settle(&local->memory, now);
    state_prune_leases(&local->memory, process_holds);
    (void)change(&local->memory, now, context);
    return 1;
}

int store_local_update(struct store_local *local, store_change *change, void *context)
{
    struct state state;
    int error = 0;
    const char *what;
    int r = store_file_update(local->file, change, context, &state, &error, &what);
    if (r < 0) {
        complain(local, what, r);
        return update_memory(local, change, context);
    }
    remember(local, &state);
    if (r > 0)
        complain(local, what, error);
    return r;
}

struct state *store_local_read(struct store_local *local)
{
    struct state state;
    const char *what;
    int r = store_file_read(local->file, &state, &what);
    if (r < 0 && r != -ENOENT)
        complain(local, what, r);
    if (r < 0 && store_fresh_state(&state) < 0)
        return NULL;
    remember(local, &state);
    return &local->memory;
}

static int update(void *self, store_change *change, void *context)
{
    return store_local_update(self, change, context);
}

static struct state *read_state(void *self)
{
    return store_local_read(self);
}

static void note_event(void *self, const char *line)
{
    struct store_local *local = self;
    store_file_log_event(local->file, line);
}

static int events(void *self, void (*take)(void *context, const char *line, size_t length),
                  void *context)
{
    struct store_local *local = self;
    if (!local->events_path)
        return -ENOENT;
    if (!local->has_reader && eventfile_init(&local->reader, local->events_path) < 0) {
        eventfile_finish(&local->reader);
        return -ENOMEM;
    }
    local->has_reader = true;
    return eventfile_read(&local->reader, take, context);
}

static const char *path(const void *self)
{
    const struct store_local *local = self;
    return store_file_path(local->file);
}

static const char *events_path(const void *self)
{
    const struct store_local *local = self;
    return local->events_path;
}

static void destroy(void *self)
{
    store_local_destroy(self);
}

const struct store_backend store_local_backend = {
    .update = update,
    .read = read_state,
    .note_event = note_event,
    .events = events,
    .path = path,
    .events_path = events_path,
    .destroy = destroy,
};
