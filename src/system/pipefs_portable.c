#include "system/filesystem.h"

#include "system/descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

/* All pipes of a system are on one device, on which nothing has a name. */
bool filesystem_is_pipes(int fd)
{
    struct stat theirs, ours;
    int ends[2];
    if (fstat(fd, &theirs) < 0 || descriptor_pipe(ends, 0) < 0)
        return false;
    bool same = fstat(ends[0], &ours) == 0 && ours.st_dev == theirs.st_dev;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return same;
}
