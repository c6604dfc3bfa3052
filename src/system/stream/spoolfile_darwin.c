#include "system/stream/spoolfile.h"

#include <fcntl.h>
#include <sys/stat.h>

/* It takes whole blocks: the one that an earlier call could not give back goes now. */
void spoolfile_free(int fd, off_t from, off_t length)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || status.st_blksize <= 0)
        return;
    const off_t block = status.st_blksize, end = (from + length) / block * block;
    from = from / block * block;
    struct fpunchhole hole = {.fp_offset = from, .fp_length = end - from};
    if (end > from)
        (void)fcntl(fd, F_PUNCHHOLE, &hole);
}

bool spoolfile_has_no_writer(int fd)
{
    (void)fd;
    return false;
}
