#include "system/store/store_file.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "system/descriptor.h"
#include "system/fileid.h"
#include "system/files.h"
#include "system/process/process.h"
#include "system/random.h"
#include "system/store/lockfile.h"
#include "system/store/userscopy.h"

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
#define LOCK_WAIT_US   5000000
#define EVENTS_LARGEST (1024 * 1024)
#define NAME_LONGEST   300

struct store_file {
    const struct host *host;
    char *path;   /* NULL: there is no place for one */
    char *folder; /* the folder of both files */
    const char *events;
    int folder_fd;
    store_beginning *beginning; /* NULL: an empty state */
    void *beginning_context;
};

struct store_file *store_file_create(char *path, const char *events, const struct host *host)
{
    struct store_file *file = calloc(1, sizeof *file);
    if (!file) {
        free(path);
        return NULL;
    }
    *file = (struct store_file){.host = host, .path = path, .events = events, .folder_fd = -1};
    file->folder = path ? path_folder(path) : NULL;
    return file;
}

void store_file_destroy(struct store_file *file)
{
    if (!file)
        return;
    if (file->folder_fd >= 0)
        (void)close(file->folder_fd);
    free(file->path);
    free(file->folder);
    free(file);
}

const char *store_file_path(const struct store_file *file)
{
    return file->path;
}

void store_file_begin_with(struct store_file *file, store_beginning *beginning, void *context)
{
    file->beginning = beginning;
    file->beginning_context = context;
}

static int open_folder(struct store_file *file)
{
    if (file->folder_fd >= 0)
        return 0;
    if (!file->folder)
        return -ENOENT;
    file->folder_fd = descriptor_folder(file->folder);
    if (file->folder_fd < 0 && errno == ENOENT) {
        int r = files_make_folders(file->folder);
        if (r < 0)
            return r;
        file->folder_fd = descriptor_folder(file->folder);
    }
    return file->folder_fd < 0 ? -errno : 0;
}

void store_file_lock_name(const char *file, char ret_name[STORE_LOCK_NAME])
{
    bool usual = strcmp(file, "state.json") == 0;
    snprintf(ret_name, STORE_LOCK_NAME, "%.*s.lock", STORE_LOCK_NAME - 6, usual ? "state" : file);
}

static int take_lock(const struct store_file *file, int *ret_fd)
{
    char name[STORE_LOCK_NAME];
    store_file_lock_name(path_name(file->path), name);
    return lockfile_take(file->folder_fd, name, LOCK_WAIT_US, file->host, ret_fd);
}

/* Opens the folder that has the name now: the one that was open may have been removed, moved or
 * unmounted while the command ran. */
static int open_folder_again(struct store_file *file)
{
    bool same = file->folder_fd >= 0 &&
                fileid_is_same(fileid_open(file->folder_fd), fileid_at(file->folder));
    if (file->folder_fd >= 0 && !same) {
        (void)close(file->folder_fd);
        file->folder_fd = -1;
    }
    return open_folder(file);
}

static int open_and_lock(struct store_file *file, int *ret_fd)
{
    int r = open_folder_again(file);
    return r < 0 ? r : take_lock(file, ret_fd);
}

int store_fresh_state(struct state *ret_state)
{
    unsigned char salt[(IDENTITY_SALT - 1) / 2];
    char text[IDENTITY_SALT];
    random_fill(salt, sizeof salt);
    sodium_bin2hex(text, sizeof text, salt, sizeof salt);
    return state_create(text, ret_state);
}

/* Users outlive the file they were in. */
static int begin(const struct store_file *file, const char *why, struct state *ret_state)
{
    if (file->beginning)
        return file->beginning(file->beginning_context, ret_state);
    int r = store_fresh_state(ret_state);
    if (r == 0 && file->folder_fd >= 0)
        state_set_users(ret_state,
                        userscopy_take(file->folder_fd, path_name(file->path), file->host, why));
    return r;
}

int store_file_begin(const struct store_file *file, struct state *ret_state)
{
    return begin(file, NULL, ret_state);
}

/* A file that cannot be understood is kept under another name, for a person to look at. */
static int set_aside(struct store_file *file)
{
    char aside[NAME_LONGEST];
    snprintf(aside, sizeof aside, "%.*s.broken", (int)(sizeof aside - 8), path_name(file->path));
    if (renameat(file->folder_fd, path_name(file->path), file->folder_fd, aside) < 0)
        return -EINVAL;
    host_report(file->host, REPORT_WARN,
                "%s could not be understood; it was set aside as %s, and a new one was begun",
                file->path, aside);
    return 0;
}

/* Returns 0 with a state, -ENOTSUP for a newer version's, or another error for a file that cannot
 * be used. A missing file is an empty state. */
static int load(struct store_file *file, bool may_set_aside, struct state *ret_state)
{
    struct buffer text = {0};
    /* Looked up in the folder that the lock is in, whichever folder has its name by now. */
    int r = files_read_plain_at(file->folder_fd, path_name(file->path), STATE_LARGEST, &text);
    if (r == 0)
        r = state_parse(buffer_text(&text), text.length, ret_state);
    else if (r == -EFBIG)
        r = -EINVAL;
    buffer_finish(&text);
    if (r == -ENOENT)
        return begin(file, may_set_aside ? "a new state was begun" : NULL, ret_state);
    if (r == -EINVAL && may_set_aside) {
        r = set_aside(file);
        return r < 0 ? r : begin(file, "a new state was begun", ret_state);
    }
    return r;
}

static int save(struct store_file *file, struct state *state)
{
    char *text = state_print(state);
    if (!text)
        return -ENOMEM;
    bool has_copy = state->users && !file->beginning;
    int r = has_copy ? userscopy_keep(file->folder_fd, path_name(file->path), state->users) : 0;
    if (r == 0)
        r = files_swap_in(file->folder_fd, path_name(file->path), text, strlen(text));
    free(text);
    return r;
}

static bool apply(struct state *state, store_change *change, void *context)
{
    int64_t now = time(NULL);
    state_settle(state, now);
    state_prune_leases(state, process_holds);
    return change(state, now, context) || state->came_back;
}

static const char *what_of_load(int r)
{
    return r == -ENOTSUP  ? "was written by a newer tcr-run and is left as it is"
           : r == -EINVAL ? "could not be understood"
                          : "cannot be used";
}

int store_file_update(struct store_file *file, store_change *change, void *context,
                      struct state *ret_state, int *ret_error, const char **ret_what)
{
    CLEANUP_CLOSE int lock = -1;
    *ret_what = "cannot be locked";
    int r = open_and_lock(file, &lock);
    if (r < 0)
        return r;
    r = load(file, true, ret_state);
    *ret_what = what_of_load(r);
    if (r < 0)
        return r;
    bool write = apply(ret_state, change, context);
    r = write ? save(file, ret_state) : 0;
    *ret_what = "cannot be written";
    *ret_error = r;
    return r < 0;
}

int store_file_read(struct store_file *file, struct state *ret_state, const char **ret_what)
{
    CLEANUP_CLOSE int lock = -1;
    int r = open_folder_again(file);
    if (r == 0) {
        (void)take_lock(file, &lock); /* better to read without the lock than not at all */
        r = load(file, false, ret_state);
    }
    *ret_what = what_of_load(r);
    if (r < 0)
        return r;
    state_settle(ret_state, time(NULL));
    state_prune_leases(ret_state, process_holds);
    return 0;
}

static bool is_there(const struct store_file *file, const char *name)
{
    return faccessat(file->folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Checked before open_folder, which would create the folder. */
bool store_file_exists(struct store_file *file)
{
    if (file->folder_fd < 0 && file->folder && access(file->folder, F_OK) == 0)
        (void)open_folder(file);
    return file->folder_fd >= 0 &&
           (is_there(file, path_name(file->path)) || is_there(file, file->events));
}

static void remove_beside(const struct store_file *file, const char *end)
{
    char name[NAME_LONGEST];
    snprintf(name, sizeof name, "%.*s%s", (int)(sizeof name - 10), path_name(file->path), end);
    (void)unlinkat(file->folder_fd, name, 0);
}

int store_file_hand_over(struct store_file *file, store_taker *take, void *context)
{
    struct state state;
    CLEANUP_CLOSE int lock = -1;
    int r = open_and_lock(file, &lock);
    if (r < 0 || !is_there(file, path_name(file->path)))
        return r;
    r = load(file, true, &state);
    if (r < 0)
        return r;
    r = take(context, &state);
    state_finish(&state);
    if (r == 0) {
        remove_beside(file, "");
        remove_beside(file, ".spare");
    }
    return r;
}

static void hand_over_lines(const char *text, store_line *take, void *context)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        take(context, text, (size_t)(end - text));
}

/* Renamed first, so that lines written meanwhile are not lost with it. */
void store_file_hand_over_events(struct store_file *file, store_line *take, void *context)
{
    char name[NAME_LONGEST];
    struct buffer text = {0};
    CLEANUP_FREE char *path = NULL;
    CLEANUP_CLOSE int lock = -1;
    snprintf(name, sizeof name, "%.*s.taken", (int)(sizeof name - 8), file->events);
    if (open_folder(file) < 0 || !is_there(file, file->events) || take_lock(file, &lock) < 0 ||
        renameat(file->folder_fd, file->events, file->folder_fd, name) < 0 ||
        asprintf(&path, "%s/%s", file->folder, name) < 0)
        return;
    if (files_read_plain(path, STATE_LARGEST, &text) == 0)
        hand_over_lines(buffer_text(&text), take, context);
    (void)unlinkat(file->folder_fd, name, 0);
    buffer_finish(&text);
}

/* Several may find the file too long, but only one may rename it: a second one would put the new
 * file, nearly empty, in place of the old one. The one that may is the one that holds the lock of
 * the file that still has the name. */
static void rotate_events(struct store_file *file, int fd, const struct stat *opened)
{
    char older[NAME_LONGEST];
    struct stat named;
    snprintf(older, sizeof older, "%.*s.1", (int)(sizeof older - 4), file->events);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 ||
        fstatat(file->folder_fd, file->events, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        !fileid_is_same(fileid_of(&named), fileid_of(opened)))
        return;
    (void)renameat(file->folder_fd, file->events, file->folder_fd, older);
}

void store_file_log_event(struct store_file *file, const char *line)
{
    struct stat status;
    if (open_folder(file) < 0)
        return;
    CLEANUP_CLOSE int fd =
        openat(file->folder_fd, file->events,
               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    if (status.st_size == 0)
        files_keep_private(fd);
    if (status.st_size > EVENTS_LARGEST)
        rotate_events(file, fd, &status);
    (void)files_write_all(fd, line, strlen(line));
}
