#include "system/store.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process.h"
#include "system/random.h"
#include "system/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE_LARGEST  (64 * 1024 * 1024)
#define LOCK_WAIT_MS   5000
#define EVENTS_LARGEST (1024 * 1024)

struct store {
    char *path;   /* of state.json; NULL: no place for one */
    char *folder; /* that holds it */
    int folder_fd;
    bool complained;
    struct state memory; /* the last state seen: what stays if the file cannot be used */
    bool has_memory;
};

struct store *store_create(void)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->folder_fd = -1;
    const char *own = getenv("TCR_STATE");
    store->path = own && *own ? files_expand(own, NULL)
                              : files_xdg("XDG_STATE_HOME", ".local/state", "state.json");
    store->folder = store->path ? strdup(store->path) : NULL;
    char *slash = store->folder ? strrchr(store->folder, '/') : NULL;
    if (slash)
        *(slash == store->folder ? slash + 1 : slash) = '\0';
    else if (store->folder)
        strcpy(store->folder, ".");
    return store;
}

void store_destroy(struct store *store)
{
    if (!store)
        return;
    if (store->has_memory)
        state_finish(&store->memory);
    if (store->folder_fd >= 0)
        (void)close(store->folder_fd);
    free(store->path);
    free(store->folder);
    free(store);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

static void complain(struct store *store, const char *what, int error)
{
    if (store->complained)
        return;
    store->complained = true;
    log_say("%s: %s: %s; this run goes on without its memory of earlier ones",
            store->path ? store->path : "state", what, strerror(-error));
}

static const char *file_name(const struct store *store)
{
    const char *slash = strrchr(store->path, '/');
    return slash ? slash + 1 : store->path;
}

static int open_folder(struct store *store)
{
    if (store->folder_fd >= 0)
        return 0;
    if (!store->path)
        return -ENOENT;
    const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    store->folder_fd = open(store->folder, flags);
    if (store->folder_fd < 0 && errno == ENOENT) {
        int r = files_make_folders(store->folder);
        if (r < 0)
            return r;
        store->folder_fd = open(store->folder, flags);
    }
    return store->folder_fd < 0 ? -errno : 0;
}

static void sleep_ms(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* flock on a file that is never deleted. Bounded, in growing steps: a lock on a dead NFS server
 * must not hang the run. */
static int take_lock(struct store *store, int *ret_fd)
{
    char name[300];
    snprintf(name, sizeof name, "%.*s.lock", (int)(sizeof name - 6), file_name(store));
    if (strcmp(name, "state.json.lock") == 0)
        strcpy(name, "state.lock");
    int fd = openat(store->folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    files_keep_private(fd);
    long waited = 0, step = 1;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        if (error == EINTR)
            continue;
        bool wait = error == EWOULDBLOCK && waited < LOCK_WAIT_MS && !signals_end_pending();
        if (!wait) {
            (void)close(fd);
            return error == EWOULDBLOCK ? -ETIMEDOUT : -error;
        }
        sleep_ms(step);
        waited += step;
        step = step < 20 ? step * 2 : 20;
    }
    *ret_fd = fd;
    return 0;
}

static int fresh_state(struct state *ret_state)
{
    unsigned char salt[(IDENTITY_SALT - 1) / 2];
    char text[IDENTITY_SALT];
    random_fill(salt, sizeof salt);
    sodium_bin2hex(text, sizeof text, salt, sizeof salt);
    return state_create(text, ret_state);
}

/* A file that cannot be understood is kept beside, for a person to look at. */
static void set_aside(struct store *store)
{
    char aside[300];
    snprintf(aside, sizeof aside, "%.*s.broken", (int)(sizeof aside - 8), file_name(store));
    if (renameat(store->folder_fd, file_name(store), store->folder_fd, aside) == 0)
        log_say("%s could not be understood; it was set aside as %s and a new one is begun",
                store->path, aside);
    else
        complain(store, "could not be understood", -EINVAL);
}

/* Returns 0 with a state; -ENOTSUP for a newer version's; other errors for a file that cannot be
 * used. A missing file is an empty state. */
static int load(struct store *store, bool may_set_aside, struct state *ret_state)
{
    struct buffer text = {0};
    int r = files_read_plain(store->path, STATE_LARGEST, &text);
    if (r == 0)
        r = state_parse(buffer_text(&text), text.length, ret_state);
    else if (r == -EFBIG)
        r = -EINVAL;
    buffer_finish(&text);
    if (r == -ENOENT)
        return fresh_state(ret_state);
    if (r == -EINVAL && may_set_aside) {
        set_aside(store);
        return fresh_state(ret_state);
    }
    return r;
}

static int save(struct store *store, struct state *state)
{
    char *text = state_print(state);
    if (!text)
        return -ENOMEM;
    int r = files_swap_in(store->folder_fd, file_name(store), text, strlen(text));
    json_free_text(text);
    return r;
}

static void remember(struct store *store, struct state *state)
{
    if (store->has_memory)
        state_finish(&store->memory);
    store->memory = *state;
    store->has_memory = true;
}

static bool apply(struct state *state, store_change *change, void *context)
{
    int64_t now = time(NULL);
    state_settle(state, now);
    state_prune_leases(state, process_holds);
    return change(state, now, context);
}

/* The change without a file: on what was last seen, or on nothing. */
static int update_memory(struct store *store, store_change *change, void *context)
{
    if (!store->has_memory) {
        if (fresh_state(&store->memory) < 0)
            return -ENOMEM;
        store->has_memory = true;
    }
    apply(&store->memory, change, context);
    return 1;
}

static void complain_of_load(struct store *store, int r)
{
    complain(store, r == -ENOTSUP ? "is of a newer tcr-run and is left as it is" : "cannot be used",
             r);
}

int store_update(struct store *store, store_change *change, void *context)
{
    CLEANUP_CLOSE int lock = -1;
    struct state state;
    int r = open_folder(store);
    if (r == 0)
        r = take_lock(store, &lock);
    if (r < 0) {
        complain(store, "cannot be locked", r);
        return update_memory(store, change, context);
    }
    r = load(store, true, &state);
    if (r < 0) {
        complain_of_load(store, r);
        return update_memory(store, change, context);
    }
    bool write = apply(&state, change, context);
    r = write ? save(store, &state) : 0;
    remember(store, &state);
    if (r < 0)
        complain(store, "cannot be written", r);
    return r < 0;
}

struct state *store_read(struct store *store)
{
    struct state state;
    CLEANUP_CLOSE int lock = -1;
    int r = open_folder(store);
    if (r == 0) {
        (void)take_lock(store, &lock); /* better a look without the lock than none */
        r = load(store, false, &state);
    }
    if (r < 0 && r != -ENOENT)
        complain_of_load(store, r);
    if (r < 0 && fresh_state(&state) < 0)
        return NULL;
    state_settle(&state, time(NULL));
    state_prune_leases(&state, process_holds);
    remember(store, &state);
    return &store->memory;
}

/* Of several that find the file too long only one may rename it: the next would put the new file,
 * nearly empty, in the place of the old one. Whoever holds the lock of the file that still has the
 * name is the one. */
static void rotate_events(struct store *store, int fd, const struct stat *opened)
{
    struct stat named;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 ||
        fstatat(store->folder_fd, "events.jsonl", &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        named.st_dev != opened->st_dev || named.st_ino != opened->st_ino)
        return;
    (void)renameat(store->folder_fd, "events.jsonl", store->folder_fd, "events.jsonl.1");
}

void store_log_event(struct store *store, const char *line)
{
    struct stat status;
    if (open_folder(store) < 0)
        return;
    CLEANUP_CLOSE int fd =
        openat(store->folder_fd, "events.jsonl",
               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    if (status.st_size == 0)
        files_keep_private(fd);
    if (status.st_size > EVENTS_LARGEST)
        rotate_events(store, fd, &status);
    (void)files_write_all(fd, line, strlen(line));
}
