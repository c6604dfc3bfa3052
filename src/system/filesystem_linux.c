#include "system/filesystem.h"

#include <linux/magic.h>
#include <sys/vfs.h>

bool filesystem_is_memory(const char *folder)
{
    struct statfs system;
    return statfs(folder, &system) == 0 &&
           (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}
