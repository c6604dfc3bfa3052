#include "system/filesystem.h"

#include <string.h>
#include <sys/param.h>

#include <sys/mount.h> /* after what FreeBSD's needs */

bool filesystem_is_memory(const char *folder)
{
    struct statfs system;
    return statfs(folder, &system) == 0 && strcmp(system.f_fstypename, "tmpfs") == 0;
}
