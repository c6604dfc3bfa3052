#include "system/files.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
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
