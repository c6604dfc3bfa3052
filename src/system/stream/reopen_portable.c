#include "system/stream/reopen.h"

#include <fcntl.h>
#include <unistd.h>

/* Only a terminal has a name. */
int reopen_to_write(int fd)
{
    char path[256];
    if (ttyname_r(fd, path, sizeof path) != 0)
        return -1;
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
