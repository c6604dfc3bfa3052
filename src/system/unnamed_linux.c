#include "system/unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void unnamed_path(int fd, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "/proc/self/fd/%d", fd);
}

static int open_again(struct unnamed *file)
{
    char path[64];
    unnamed_path(file->fd, path, sizeof path);
    file->reader = open(path, O_RDONLY | O_CLOEXEC);
    file->writer = file->reader < 0 ? -1 : open(path, O_WRONLY | file->append | O_CLOEXEC);
    if (file->writer >= 0)
        return 0;
    int error = errno;
    if (file->reader >= 0)
        (void)close(file->reader);
    (void)close(file->fd);
    return -error;
}

int unnamed_make(const char *folder, struct unnamed *file)
{
    file->fd = folder ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
                      : memfd_create("tcr-run", MFD_CLOEXEC);
    if (file->fd < 0)
        return -errno;
    return file->is_spool ? open_again(file) : 0;
}
