#include "system/process/ownpath.h"

#include <errno.h>
#include <unistd.h>

void ownpath_note(const char *name)
{
    (void)name;
}

int ownpath_find(char *ret_path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", ret_path, size - 1);
    if (length <= 0)
        return length < 0 ? -errno : -ENOENT;
    ret_path[length] = '\0';
    return 0;
}
