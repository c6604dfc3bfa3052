#include "system/process/ownpath.h"

#include "system/files.h"

#include <errno.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdint.h>

void ownpath_note(const char *name)
{
    (void)name;
}

int ownpath_find(char *ret_path, size_t size)
{
    char path[PATH_MAX];
    uint32_t room = sizeof path;
    return _NSGetExecutablePath(path, &room) == 0 ? files_real_path(path, ret_path, size)
                                                  : -ENAMETOOLONG;
}
