#include "system/keys/claude_lock.h"

#include "system/clock.h"
#include "system/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The client's own numbers, as of 2.1.332. Older ones take over a lock after 10 s; we touch it more
 * often than that. */
#define REFRESH_STALE 60
#define STORAGE_STALE 15
#define TOUCH_MS      5000
#define STORAGE_MS    10000
#define STEP_MS       100

static void pause_about(int64_t milliseconds)
{
    uint32_t number;
    random_fill(&number, sizeof number);
    int64_t pause = milliseconds / 2 + number % milliseconds;
    (void)nanosleep(&(struct timespec){pause / 1000, pause % 1000 * 1000000}, NULL);
}

static bool is_stale(const char *path, int64_t seconds)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_mtime < time(NULL) - seconds;
}

static int note_part(struct claude_lock_part *part)
{
    struct stat status;
    if (stat(part->path, &status) < 0)
        return -errno;
    part->made = fileid_of(&status);
    return 0;
}

static int make_part(struct claude_lock_part *part, int64_t stale)
{
    int r = mkdir(part->path, 0700) < 0 ? -errno : 0;
    /* A process that was killed left it empty. */
    if (r == -EEXIST && is_stale(part->path, stale) && rmdir(part->path) == 0)
        r = mkdir(part->path, 0700) < 0 ? -errno : 0;
    return r == 0 ? note_part(part) : r;
}

/* A part that we did not make belongs to another process: its path is cleared, so that we do not
 * remove it. */
static int take_part(struct claude_lock *lock, size_t i, char *path, int64_t stale,
                     int64_t deadline)
{
    struct claude_lock_part part = {.path = path};
    int r = path ? make_part(&part, stale) : -ENOMEM;
    while (r == -EEXIST && clock_now_ms() < deadline) {
        pause_about(STEP_MS);
        r = make_part(&part, stale);
    }
    if (r == 0)
        lock->parts[i] = part;
    else
        free(path);
    return r == -EEXIST ? -EBUSY : r;
}

static int lock_folder(const char *folder, int64_t deadline, int *ret_fd)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        if (error != EWOULDBLOCK && error != EINTR)
            break; /* the file system cannot; then the client's locks have to do */
        if (clock_now_ms() >= deadline) {
            (void)close(fd);
            return -EBUSY;
        }
        pause_about(STEP_MS);
    }
    *ret_fd = fd;
    return 0;
}

static char *join(const char *folder, const char *end)
{
    char *path;
    return asprintf(&path, "%s%s", folder, end) < 0 ? NULL : path;
}

static int explain(const char *folder, int r, struct buffer *error)
{
    if (r < 0 && r != -EBUSY && r != -ENOMEM)
        buffer_append_format(error, "%s cannot be locked: %s", folder, strerror(-r));
    return r;
}

int claude_lock_refresh(const char *folder, int64_t most_ms, struct claude_lock *ret_lock,
                        struct buffer *error)
{
    struct claude_lock lock = {.folder_fd = -1, .ticked = clock_now_ms()};
    int64_t deadline = lock.ticked + most_ms;
    int r = lock_folder(folder, deadline, &lock.folder_fd);
    if (r == 0)
        r = take_part(&lock, 0, join(folder, "/.oauth_refresh.lock"), REFRESH_STALE, deadline);
    /* The lock of older clients. It is beside the folder, where we may not be allowed to write. */
    if (r == 0)
        r = take_part(&lock, 1, join(folder, ".lock"), REFRESH_STALE, deadline);
    if (r < 0 && r != -EBUSY && r != -ENOMEM && lock.parts[0].path)
        r = 0;
    if (r < 0)
        claude_lock_release(&lock);
    else
        *ret_lock = lock;
    return explain(folder, r, error);
}

int claude_lock_storage(const char *folder, struct claude_lock *ret_lock, struct buffer *error)
{
    struct claude_lock lock = {.folder_fd = -1, .ticked = clock_now_ms()};
    int r = take_part(&lock, 0, join(folder, "/.storage-write.lock"), STORAGE_STALE,
                      lock.ticked + STORAGE_MS);
    if (r == 0)
        *ret_lock = lock;
    return explain(folder, r, error);
}

void claude_lock_tick(struct claude_lock *lock)
{
    int64_t now = clock_now_ms();
    if (now - lock->ticked < TOUCH_MS)
        return;
    lock->ticked = now;
    if (!claude_lock_is_held(lock))
        return;
    for (size_t i = 0; i < CLAUDE_LOCK_MOST; i++)
        if (lock->parts[i].path && utimensat(AT_FDCWD, lock->parts[i].path, NULL, 0) == 0)
            (void)note_part(&lock->parts[i]);
}

static bool part_is_held(const struct claude_lock_part *part)
{
    return fileid_is_unchanged(fileid_at(part->path), part->made);
}

bool claude_lock_is_held(const struct claude_lock *lock)
{
    for (size_t i = 0; i < CLAUDE_LOCK_MOST; i++)
        if (lock->parts[i].path && !part_is_held(&lock->parts[i]))
            return false;
    return true;
}

void claude_lock_release(struct claude_lock *lock)
{
    for (size_t i = CLAUDE_LOCK_MOST; i-- > 0;) {
        struct claude_lock_part *part = &lock->parts[i];
        if (part->path && part_is_held(part))
            (void)rmdir(part->path);
        free(part->path);
        *part = (struct claude_lock_part){0};
    }
    if (lock->folder_fd >= 0)
        (void)close(lock->folder_fd);
    lock->folder_fd = -1;
}
