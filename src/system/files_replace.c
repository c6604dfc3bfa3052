#include "system/files.h"

#include "system/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void files_keep_private(int fd)
{
    struct stat status;
    /* The mode is looked at first: setting it, even to what it is, costs the file system a
     * transaction. */
    if (fstat(fd, &status) < 0 || (status.st_mode & 07777) != 0600)
        (void)fchmod(fd, 0600);
}

/* fsync of macOS leaves it in the drive's memory; some file systems there have only that. */
int files_flush(int fd)
{
#ifdef F_FULLFSYNC
    if (fcntl(fd, F_FULLFSYNC) >= 0)
        return 0;
#endif
    return fsync(fd) < 0 ? -errno : 0;
}

/* `name` with an ending of our own. Returns 0 or -ENAMETOOLONG. */
static int name_beside(const char *name, const char *ending, char *ret_name, size_t size)
{
    int printed = snprintf(ret_name, size, "%s%s", name, ending);
    return printed < 0 || (size_t)printed >= size ? -ENAMETOOLONG : 0;
}

static int write_temporary(int folder, const char *name, const char *bytes, size_t length)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    files_keep_private(fd);
    int r = files_write_all(fd, bytes, length);
    /* Lost keys cannot be recovered: after a power cut the new name must not stand for an empty
     * file. */
    if (r == 0)
        r = files_flush(fd);
    /* A full disk or an exceeded quota may show only here. */
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

int files_replace(int folder, const char *name, const char *bytes, size_t length)
{
    char temporary[300];
    int r = name_beside(name, ".tmp", temporary, sizeof temporary);
    if (r < 0)
        return r;
    /* A killed writer left it: the caller's lock makes sure that nobody is writing it now. */
    (void)unlinkat(folder, temporary, 0);
    r = write_temporary(folder, temporary, bytes, length);
    if (r == 0 && renameat(folder, temporary, folder, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(folder, temporary, 0);
    return r;
}

/* Cuts only if there is something to cut: even no change makes the file system write a journal. */
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
    /* A symbolic link stood in the file's place, and an earlier exchange moved it here. */
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
    int r = name_beside(name, ".spare", spare, sizeof spare);
    if (r == 0)
        r = write_spare(folder, spare, bytes, length);
    if (r < 0)
        return r;
    if (exchange_names(folder, spare, name) == 0)
        return 0;
    /* The first time there is nothing to exchange it with; some file systems cannot exchange at
     * all. */
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
