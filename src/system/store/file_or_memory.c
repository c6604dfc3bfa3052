#include "system/store/file_or_memory.h"

#include "base/path.h"
#include "system/process/process.h"
#include "system/store/eventfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct file_or_memory {
    const struct host *host;
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

struct file_or_memory *file_or_memory_create(char *path, const char *events,
                                             const struct host *host)
{
    struct file_or_memory *local = calloc(1, sizeof *local);
    if (!local) {
        free(path);
        return NULL;
    }
    local->host = host;
    local->events = strdup(events);
    local->events_path = path_beside(path, events);
    local->file = store_file_create(path, local->events, host);
    if (!local->file || !local->events) {
        file_or_memory_destroy(local);
        return NULL;
    }
    return local;
}

void file_or_memory_destroy(struct file_or_memory *local)
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

struct store_file *file_or_memory_file(struct file_or_memory *local)
{
    return local->file;
}

static void complain(struct file_or_memory *local, const char *what, int error)
{
    const char *path = store_file_path(local->file);
    if (local->complained)
        return;
    local->complained = true;
    host_report(local->host, REPORT_WARN,
                "%s: %s: %s; this run goes on without its memory of earlier ones",
                path ? path : "state", what, strerror(-error));
}

static void remember(struct file_or_memory *local, struct state *state)
{
    if (local->has_memory)
        state_finish(&local->memory);
    local->memory = *state;
    local->has_memory = true;
}

static void settle_memory(struct file_or_memory *local, int64_t now)
{
    state_settle(&local->memory, now);
    state_prune_leases(&local->memory, process_holds);
}

/* Makes the change without a file: to the last state seen, or to an empty one. */
static int update_memory(struct file_or_memory *local, store_change *change, void *context)
{
    int64_t now = time(NULL);
    if (!local->has_memory) {
        if (store_fresh_state(&local->memory) < 0)
            return -ENOMEM;
        local->has_memory = true;
    }
    settle_memory(local, now);
    (void)change(&local->memory, now, context);
    return 1;
}

int file_or_memory_update(struct file_or_memory *local, store_change *change, void *context)
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

int file_or_memory_try_update(struct file_or_memory *local, store_change *change, void *context,
                              struct buffer *why)
{
    struct state state;
    int error = 0;
    const char *what, *path = store_file_path(local->file);
    int r = store_file_update(local->file, change, context, &state, &error, &what);
    if (r == 0) {
        remember(local, &state);
        return 0;
    }
    if (r > 0)
        state_finish(&state);
    error = r > 0 ? error : r;
    buffer_append_format(why, "%s: %s: %s", path ? path : "state", what, strerror(-error));
    return error;
}

const struct state *file_or_memory_last(const struct file_or_memory *local)
{
    return local->has_memory ? &local->memory : NULL;
}

struct state *file_or_memory_read(struct file_or_memory *local)
{
    struct state state;
    const char *what;
    int r = store_file_read(local->file, &state, &what);
    if (r < 0 && r != -ENOENT)
        complain(local, what, r);
    if (r == -EINVAL)
        r = store_file_begin(local->file, &state);
    else if (r < 0 && r != -ENOENT && local->has_memory) {
        settle_memory(local, time(NULL)); /* a file that cannot be read now has not changed */
        return &local->memory;
    } else if (r < 0)
        r = store_fresh_state(&state);
    if (r < 0)
        return NULL;
    remember(local, &state);
    return &local->memory;
}

static int update(void *self, store_change *change, void *context)
{
    return file_or_memory_update(self, change, context);
}

static int try_update(void *self, store_change *change, void *context, struct buffer *why)
{
    return file_or_memory_try_update(self, change, context, why);
}

static const struct state *last(const void *self)
{
    return file_or_memory_last(self);
}

static struct state *read_state(void *self)
{
    return file_or_memory_read(self);
}

static void note_event(void *self, const char *line)
{
    struct file_or_memory *local = self;
    store_file_log_event(local->file, line);
}

static int events(void *self, void (*take)(void *context, const char *line, size_t length),
                  void *context)
{
    struct file_or_memory *local = self;
    if (!local->events_path)
        return -ENOENT;
    if (!local->has_reader && eventfile_init(&local->reader, local->events_path, local->host) < 0) {
        eventfile_finish(&local->reader);
        return -ENOMEM;
    }
    local->has_reader = true;
    return eventfile_read(&local->reader, take, context);
}

static const char *path(const void *self)
{
    const struct file_or_memory *local = self;
    return store_file_path(local->file);
}

static const char *events_path(const void *self)
{
    const struct file_or_memory *local = self;
    return local->events_path;
}

static void destroy(void *self)
{
    file_or_memory_destroy(self);
}

const struct store_backend file_or_memory_backend = {
    .update = update,
    .try_update = try_update,
    .last = last,
    .read = read_state,
    .note_event = note_event,
    .events = events,
    .path = path,
    .events_path = events_path,
    .destroy = destroy,
};
