#include "system/store/eventfile.h"

#include "system/fileid.h"
#include "system/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LARGEST (64 * 1024 * 1024)
#define LATE_MS      50 /* how long a line may take from its writer's open to its write */

struct taker {
    void (*take)(void *context, const char *line, size_t length);
    void *context;
};

int eventfile_init(struct eventfile *file, const char *path, const struct host *host)
{
    *file = (struct eventfile){.host = host, .fd = -1, .path = strdup(path)};
    return file->path && asprintf(&file->old_path, "%s.1", path) >= 0 ? 0 : -ENOMEM;
}

void eventfile_finish(struct eventfile *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    buffer_finish(&file->unread);
    free(file->path);
    free(file->old_path);
    *file = (struct eventfile){.fd = -1};
}

static void give_lines(struct buffer *text, const struct taker *taker)
{
    size_t used = 0;
    for (const char *end;
         used < text->length && (end = memchr(text->data + used, '\n', text->length - used));
         used = (size_t)(end + 1 - text->data))
        taker->take(taker->context, text->data + used, (size_t)(end - text->data) - used);
    if (used > 0)
        buffer_drop_front(text, used);
}

/* Reads what was added since the last call. Returns 0 or a negative errno. */
static int read_more(struct eventfile *file, const struct taker *taker)
{
    char chunk[65536];
    struct stat status;
    ssize_t n;
    if (file->fd < 0)
        return 0;
    if (fstat(file->fd, &status) < 0)
        return -errno;
    /* A device has no end, and a file of that size is not one of ours. */
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    if (status.st_size > FILE_LARGEST)
        return -EFBIG;
    if (status.st_size < lseek(file->fd, 0, SEEK_CUR)) {
        /* Somebody truncated it. */
        (void)lseek(file->fd, 0, SEEK_SET);
        buffer_clear(&file->unread);
    }
    while ((n = read(file->fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        buffer_append(&file->unread, chunk, (size_t)n);
        if (file->unread.failed)
            return -ENOMEM;
        give_lines(&file->unread, taker);
    }
    return 0;
}

static bool same_file(int fd, const char *path)
{
    return fd >= 0 && fileid_is_same(fileid_open(fd), fileid_at(path));
}

static int open_current(struct eventfile *file)
{
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return file->fd < 0 && errno != ENOENT ? -errno : 0;
}

/* The file is opened before the older one is read, so that no line is missed if it is renamed
 * meanwhile. If it has become the older one by then, it is not read twice. */
static int read_all(struct eventfile *file, const struct taker *taker)
{
    struct buffer old = {0};
    int r = open_current(file), of_old = -ENOENT;
    if (r == 0 && !same_file(file->fd, file->old_path))
        of_old = files_read_plain(file->old_path, FILE_LARGEST, &old);
    if (of_old == 0)
        give_lines(&old, taker);
    else if (of_old != -ENOENT)
        host_report(file->host, REPORT_WARN, "%s, with the older events, cannot be read: %s",
                    file->old_path, strerror(-of_old));
    buffer_finish(&old);
    if (r == 0 && of_old < 0 && file->fd < 0)
        return -ENOENT;
    return r == 0 ? read_more(file, taker) : r;
}

/* Goes on with the new file once the old one has been renamed. */
static int follow_rotation(struct eventfile *file, const struct taker *taker)
{
    if (same_file(file->fd, file->path) || access(file->path, F_OK) < 0)
        return 0;
    int r = 0;
    if (file->fd >= 0) {
        (void)poll(NULL, 0, LATE_MS);
        r = read_more(file, taker);
        (void)close(file->fd);
        buffer_clear(&file->unread);
    }
    if (r == 0)
        r = open_current(file);
    return r == 0 ? read_more(file, taker) : r;
}

int eventfile_read(struct eventfile *file,
                   void (*take)(void *context, const char *line, size_t length), void *context)
{
    const struct taker taker = {take, context};
    if (!file->begun) {
        file->begun = true;
        return read_all(file, &taker);
    }
    int r = read_more(file, &taker);
    return r == 0 ? follow_rotation(file, &taker) : r;
}
