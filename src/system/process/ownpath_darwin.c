#include "system/process/ownpath.h"

#include <errno.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void ownpath_note(const char *name)
{
    (void)name;
}

static int resolve(const char *path, char *ret_path, size_t size)
{
    char *real = realpath(path, NULL);
    if (!real)
        return -errno;
    size_t length = strlen(real);
    if (length < size)
        memcpy(ret_path, real, length + 1);
    free(real);
    return length < size ? 0 : -ENAMETOOLONG;
}

int ownpath_find(char *ret_path, size_t size)
{
    char path[PATH_MAX];
    uint32_t room = sizeof path;
    return _NSGetExecutablePath(path, &room) == 0 ? resolve(path, ret_path, size) : -ENAMETOOLONG;
}
