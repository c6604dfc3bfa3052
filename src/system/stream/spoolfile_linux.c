#include "system/stream/spoolfile.h"

#include <fcntl.h>

void spoolfile_free(int fd, off_t from, off_t length)
{
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, length);
}

/* A read lease is granted only then. */
bool spoolfile_has_no_writer(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
        return false;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return true;
}
