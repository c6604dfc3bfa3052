#include "system/filesystem.h"

#include <linux/magic.h>
#include <sys/vfs.h>

bool filesystem_is_pipes(int fd)
{
    struct statfs system;
    return fstatfs(fd, &system) == 0 && system.f_type == PIPEFS_MAGIC;
}
