#include "system/unnamed.h"

#include "base/cleanup.h"
#include "system/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* While it still has its name. */
static int open_again(const char *path, struct unnamed *file)
{
    CLEANUP_CLOSE int reader = open(path, O_RDONLY | O_CLOEXEC);
    file->writer = reader < 0 ? -1 : open(path, O_WRONLY | file->append | O_CLOEXEC);
    if (file->writer < 0)
        return -errno;
    file->reader = cleanup_take_fd(&reader);
    return 0;
}

/* It has a name for a moment; a run that is killed then leaves it empty. */
int unnamed_make(const char *folder, struct unnamed *file)
{
    CLEANUP_FREE char *path = NULL;
    if (!folder)
        return -ENOSYS;
    if (asprintf(&path, "%s/tcr-run-XXXXXX", folder) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    CLEANUP_CLOSE int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    files_keep_private(fd); /* whatever the umask took away */
    int r = file->is_spool ? open_again(path, file) : 0;
    (void)unlink(path);
    file->fd = r == 0 ? cleanup_take_fd(&fd) : -1;
    return r;
}

/* There is none in memory. */
void unnamed_path(int fd, char *ret_path, size_t size)
{
    (void)fd;
    if (size > 0)
        *ret_path = '\0';
}
