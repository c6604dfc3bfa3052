#include "system/files.h"

#include "system/unnamed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A disk with less free space than this is not used for temporary files. */
#define TEMPORARY_ROOM (64UL * 1024 * 1024)

/* On a full disk a file can be created but not written, and the command's output would be lost. */
static bool has_room(int fd)
{
    struct statvfs disk;
    return fstatvfs(fd, &disk) < 0 || disk.f_frsize == 0 ||
           disk.f_blocks == 0 || /* a tmpfs without a limit */
           disk.f_bavail >= TEMPORARY_ROOM / disk.f_frsize;
}

static void close_all(const struct unnamed *file)
{
    (void)close(file->fd);
    if (!file->is_spool)
        return;
    (void)close(file->reader);
    (void)close(file->writer);
}

static int make_in(const char *folder, struct unnamed *file)
{
    int r = unnamed_make(folder, file);
    if (r == 0 && !has_room(file->fd)) {
        close_all(file);
        return -ENOSPC;
    }
    return r;
}

static int make(struct unnamed *file)
{
    const char *folder = getenv("TMPDIR");
    int r = -ENOENT;
    if (folder && folder[0] == '/')
        r = make_in(folder, file);
    if (r < 0)
        r = make_in("/tmp", file);
    if (r < 0) {
        int in_memory = unnamed_make(NULL, file);
        r = in_memory == -ENOSYS ? r : in_memory;
    }
    if (r == 0)
        files_keep_private(file->fd);
    return r;
}

int files_temporary(void)
{
    struct unnamed file = {0};
    int r = make(&file);
    return r < 0 ? r : file.fd;
}

int files_spool(int append, int *ret_reader, int *ret_writer)
{
    struct unnamed file = {.is_spool = true, .append = append};
    int r = make(&file);
    if (r < 0)
        return r;
    (void)close(file.fd);
    *ret_reader = file.reader;
    *ret_writer = file.writer;
    return 0;
}
