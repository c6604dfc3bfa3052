#include "system/filesystem.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/param.h>

bool filesystem_is_memory(const char *folder)
{
    struct statfs system;
    return statfs(folder, &system) == 0 && strcmp(system.f_fstypename, "tmpfs") == 0;
}
