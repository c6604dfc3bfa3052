#include "system/diskroom.h"

#include "system/files.h"

int diskroom_take(int fd, size_t length)
{
    static const char zeros[4096];
    int r = 0;
    while (r == 0 && length > 0) {
        size_t part = length < sizeof zeros ? length : sizeof zeros;
        r = files_write_all(fd, zeros, part);
        length -= part;
    }
    return r;
}
