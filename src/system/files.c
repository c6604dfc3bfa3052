#include "system/files.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/secret.h"
#include "system/process/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A disk with less than this is not used for temporary files. */
#define TEMPORARY_ROOM (64UL * 1024 * 1024)
#define LOOK_MS        100

static int refuse(struct buffer *error, const char *reason)
{
    buffer_append_text(error, reason);
    return -EPERM;
}

static int check_secret_file(const struct stat *status, const char *path, struct buffer *error)
{
    if (status->st_uid != geteuid() && status->st_uid != 0) {
        buffer_append_format(error, "it belongs to user %u, not to you; mend: chown %u %s",
                             status->st_uid, geteuid(), path);
        return -EPERM;
    }
    if (status->st_mode & 077) {
        buffer_append_format(error, "its mode %04o lets others at your keys; mend: chmod 600 %s",
                             status->st_mode & 07777, path);
        return -EPERM;
    }
    return 0;
}

/* Whoever owns "/" can replace anything. In a user namespace that is nobody (65534), as whom the
 * users without a number there appear, root among them. */
static bool is_owner_of_all(uid_t uid)
{
    struct stat status;
    return uid == 0 || (stat("/", &status) == 0 && uid == status.st_uid);
}

/* Whoever can write a folder above the file can put another file in its place. A sticky folder such
 * as /tmp is safe from that. */
static int check_folders(const char *path, struct buffer *error)
{
    char *real = realpath(path, NULL);
    int r = real ? 0 : -errno;
    while (r == 0 && path_go_up(real)) {
        struct stat status;
        if (stat(real, &status) < 0) {
            r = -errno;
        } else if ((status.st_mode & 022) && !(status.st_mode & S_ISVTX)) {
            buffer_append_format(error, "others can write the folder %s; mend: chmod go-w %s", real,
                                 real);
            r = -EPERM;
        } else if (status.st_uid != geteuid() && !is_owner_of_all(status.st_uid)) {
            buffer_append_format(error, "the folder %s belongs to user %u", real, status.st_uid);
            r = -EPERM;
        }
    }
    free(real);
    return r;
}

static int check(const struct stat *status, const char *path, enum file_trust trust, size_t most,
                 struct buffer *error)
{
    if (S_ISDIR(status->st_mode))
        return refuse(error, "it is a folder, not a file");
    if (!S_ISREG(status->st_mode))
        return refuse(error, "it is no regular file");
    if (status->st_size < 0 || (size_t)status->st_size > most) {
        buffer_append_format(error, "it is %lld bytes long; at most %zu make sense",
                             (long long)status->st_size, most);
        return -EPERM;
    }
    if (trust == FILE_ANY)
        return 0;
    int r = check_secret_file(status, path, error);
    return r < 0 ? r : check_folders(path, error);
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

int files_read(const char *path, enum file_trust trust, size_t most, struct buffer *error,
               char **ret_bytes, size_t *ret_length)
{
    struct stat status;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
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
    for (size_t n = 1; n > 0;) {
        int r = read_all(fd, chunk, sizeof chunk, &n);
        if (r < 0)
            return r;
        if (ret_text->length + n > most)
            return -EFBIG;
        buffer_append(ret_text, chunk, n);
    }
    return ret_text->failed ? -ENOMEM : 0;
}

/* Signals may be blocked, and then a write to a reader that does not read could not be interrupted.
 */
static int wait_for_room(int fd)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    int n;
    while ((n = poll(&room, 1, LOOK_MS)) == 0 || (n < 0 && errno == EINTR))
        if (signals_end_pending())
            return -EINTR;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t length, bool waits)
{
    while (length > 0) {
        int r = waits ? wait_for_room(fd) : 0;
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
    return write_all(fd, bytes, length, false);
}

int files_write_out(int fd, const char *bytes, size_t length)
{
    return write_all(fd, bytes, length, true);
}

void files_keep_private(int fd)
{
    struct stat status;
    /* Looked at first: changing it, even to what it is, costs a transaction of the file system. */
    if (fstat(fd, &status) < 0 || (status.st_mode & 07777) != 0600)
        (void)fchmod(fd, 0600);
}

static int write_temporary(int folder, const char *name, const char *bytes, size_t length)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    files_keep_private(fd);
    int r = files_write_all(fd, bytes, length);
    /* Keys cannot be had again: after a power cut the new name must not stand for an empty file. */
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    /* A full disk or an exceeded quota may show only here. */
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

int files_replace(int folder, const char *name, const char *bytes, size_t length)
{
    char temporary[300];
    int printed = snprintf(temporary, sizeof temporary, "%s.tmp", name);
    if (printed < 0 || (size_t)printed >= sizeof temporary)
        return -ENAMETOOLONG;
    /* What a killed writer left: the caller's lock makes sure that nobody is at it now. */
    (void)unlinkat(folder, temporary, 0);
    int r = write_temporary(folder, temporary, bytes, length);
    if (r == 0 && renameat(folder, temporary, folder, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(folder, temporary, 0);
    return r;
}

/* Only where something is to be cut off: the file system writes a journal even to change nothing.
 */
static int cut_to(int fd, size_t length)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_size == (off_t)length)
        return 0;
    return ftruncate(fd, (off_t)length) < 0 ? -errno : 0;
}

static int write_spare(int folder, const char *spare, const char *bytes, size_t length)
{
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = openat(folder, spare, flags, 0600);
    /* A link that stood in the file's place and changed places once. */
    if (fd < 0 && errno == ELOOP && unlinkat(folder, spare, 0) == 0)
        fd = openat(folder, spare, flags, 0600);
    if (fd < 0)
        return -errno;
    files_keep_private(fd);
    int r = files_write_all(fd, bytes, length);
    if (r == 0)
        r = cut_to(fd, length);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

int files_swap_in(int folder, const char *name, const char *bytes, size_t length)
{
    char spare[300];
    int printed = snprintf(spare, sizeof spare, "%s.spare", name);
    if (printed < 0 || (size_t)printed >= sizeof spare)
        return -ENAMETOOLONG;
    int r = write_spare(folder, spare, bytes, length);
    if (r < 0)
        return r;
#ifdef RENAME_EXCHANGE
    if (renameat2(folder, spare, folder, name, RENAME_EXCHANGE) == 0)
        return 0;
#endif
    /* The first time there is nothing to change places with; some file systems cannot. */
    return renameat(folder, spare, folder, name) < 0 ? -errno : 0;
}

int files_make_folders(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    int r = 0;
    for (char *p = copy + 1; r == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, 0700) == 0)
            (void)chmod(copy, 0700); /* whatever the umask took away */
        else if (errno != EEXIST)
            r = -errno;
        *p = kept;
        if (!kept)
            break;
    }
    free(copy);
    return r;
}

const char *files_home(void)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return home;
    const struct passwd *entry = getpwuid(getuid());
    return entry && entry->pw_dir && entry->pw_dir[0] == '/' ? entry->pw_dir : NULL;
}

static char *join(const char *folder, const char *rest)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, rest) < 0 ? NULL : path;
}

char *files_expand(const char *path, const char *base)
{
    if (path[0] == '~' && (path[1] == '/' || !path[1])) {
        const char *home = files_home();
        return home ? join(home, path[1] ? path + 2 : "") : NULL;
    }
    return path[0] == '/' || !base ? strdup(path) : join(base, path);
}

char *files_xdg(const char *variable, const char *fallback, const char *name)
{
    char *path;
    const char *folder = getenv(variable), *home = files_home();
    if (folder && folder[0] == '/')
        return asprintf(&path, "%s/tcr/%s", folder, name) < 0 ? NULL : path;
    if (!home)
        return NULL;
    return asprintf(&path, "%s/%s/tcr/%s", home, fallback, name) < 0 ? NULL : path;
}

/* On a full disk a file can be made, but not written: the command's output would be lost. */
static bool has_room(int fd)
{
    struct statvfs disk;
    return fstatvfs(fd, &disk) < 0 || disk.f_frsize == 0 ||
           disk.f_blocks == 0 || /* a tmpfs without a limit */
           disk.f_bavail >= TEMPORARY_ROOM / disk.f_frsize;
}

static int temporary_in(const char *folder)
{
    CLEANUP_CLOSE int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 && has_room(fd) ? cleanup_take_fd(&fd) : -1;
}

int files_temporary(void)
{
    const char *folder = getenv("TMPDIR");
    int fd = -1;
    if (folder && folder[0] == '/')
        fd = temporary_in(folder);
    if (fd < 0)
        fd = temporary_in("/tmp");
    if (fd < 0)
        fd = memfd_create("tcr-run", MFD_CLOEXEC);
    if (fd >= 0)
        files_keep_private(fd);
    return fd < 0 ? -errno : fd;
}
