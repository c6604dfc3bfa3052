#include "system/files.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "system/filesystem.h"
#include "system/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 100

static int refuse(struct buffer *error, const char *reason)
{
    buffer_append_text(error, reason);
    return -EPERM;
}

static int check(const struct stat *status, const char *path, enum file_trust trust, size_t most,
                 struct buffer *error)
{
    if (S_ISDIR(status->st_mode))
        return refuse(error, "it is a folder, not a file");
    if (!S_ISREG(status->st_mode))
        return refuse(error, "it is not a regular file");
    if (status->st_size < 0 || (size_t)status->st_size > most) {
        buffer_append_format(error, "it is %lld bytes long; at most %zu are allowed",
                             (long long)status->st_size, most);
        return -EPERM;
    }
    if (trust == FILE_ANY)
        return 0;
    int r = trust_check_file(status, path, error);
    return r < 0 ? r : trust_check_folders(path, error);
}

static int read_all(int fd, char *bytes, size_t size, size_t *ret_length)
{
    size_t length = 0;
    while (length < size) {
        ssize_t n = read(fd, bytes + length, size - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    *ret_length = length;
    return 0;
}

/* Nobody but this process and its parents has the other end of `<(command)` or /dev/stdin. Nobody
 * knows who writes to a FIFO in a folder. */
static bool is_own_pipe(int fd, const struct stat *status)
{
    return S_ISFIFO(status->st_mode) && status->st_uid == geteuid() && filesystem_is_pipes(fd);
}

/* Reads what comes until the writer closes it. */
static int read_pipe(int fd, size_t most, struct buffer *error, char **ret_bytes,
                     size_t *ret_length)
{
    (void)fcntl(fd, F_SETFL, 0);
    char *bytes = secret_alloc(most + 1);
    if (!bytes)
        return -ENOMEM;
    int r = read_all(fd, bytes, most + 1, ret_length);
    if (r == 0 && *ret_length > most)
        r = refuse(error, "it gives more than a key file can hold");
    if (r < 0) {
        secret_free(bytes);
        return r;
    }
    bytes[*ret_length] = '\0';
    *ret_bytes = bytes;
    return 0;
}

int files_read(const char *path, enum file_trust trust, size_t most, struct buffer *error,
               char **ret_bytes, size_t *ret_length)
{
    struct stat status;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (trust == FILE_SECRET && is_own_pipe(fd, &status))
        return read_pipe(fd, most, error, ret_bytes, ret_length);
    int r = check(&status, path, trust, most, error);
    if (r < 0)
        return r;
    size_t size = (size_t)status.st_size;
    char *bytes = secret_alloc(size + 1);
    if (!bytes)
        return -ENOMEM;
    r = read_all(fd, bytes, size, ret_length);
    if (r < 0) {
        secret_free(bytes);
        return r;
    }
    bytes[*ret_length] = '\0';
    *ret_bytes = bytes;
    return 0;
}

int files_read_plain(const char *path, size_t most, struct buffer *ret_text)
{
    return files_read_plain_at(AT_FDCWD, path, most, ret_text);
}

int files_read_plain_at(int folder, const char *path, size_t most, struct buffer *ret_text)
{
    struct stat status;
    char chunk[8192];
    CLEANUP_CLOSE int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    for (size_t n = sizeof chunk; n == sizeof chunk;) {
        int r = read_all(fd, chunk, sizeof chunk, &n);
        if (r < 0)
            return r;
        if (ret_text->length + n > most)
            return -EFBIG;
        buffer_append(ret_text, chunk, n);
    }
    return ret_text->failed ? -ENOMEM : 0;
}

/* Signals may be blocked. Then nothing could interrupt a write to a reader that does not read. */
static int wait_for_room(int fd, const struct host *host)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    int n;
    while ((n = poll(&room, 1, LOOK_MS)) == 0 || (n < 0 && errno == EINTR))
        if (host_interrupted(host))
            return -EINTR;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t length, bool waits, const struct host *host)
{
    while (length > 0) {
        int r = waits ? wait_for_room(fd, host) : 0;
        if (r < 0)
            return r;
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && (errno == EINTR || (errno == EAGAIN && waits)))
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

int files_write_all(int fd, const char *bytes, size_t length)
{
    return write_all(fd, bytes, length, false, NULL);
}

int files_write_out(int fd, const char *bytes, size_t length, const struct host *host)
{
    return write_all(fd, bytes, length, true, host);
}
