#include "system/process/ownpath.h"

#include "base/cleanup.h"
#include "system/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *started_by;

void ownpath_note(const char *name)
{
    started_by = name;
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

/* A name with a slash is a path; else the shell found it in PATH. */
int ownpath_find(char *ret_path, size_t size)
{
    if (!started_by || !*started_by)
        return -ENOENT;
    CLEANUP_FREE char *found = files_find_program(started_by);
    return found ? resolve(found, ret_path, size) : -ENOENT;
}
