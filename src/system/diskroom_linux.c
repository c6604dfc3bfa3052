#include "system/diskroom.h"

#include <fcntl.h>

int diskroom_take(int fd, size_t length)
{
    return -posix_fallocate(fd, 0, (off_t)length);
}
