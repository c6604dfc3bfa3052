#include "system/stream/reopen.h"

#include <fcntl.h>
#include <stdio.h>

int reopen_to_write(int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
