#include "system/process/ownpath.h"

#include "base/cleanup.h"
#include "system/files.h"

#include <errno.h>

static const char *started_by;

void ownpath_note(const char *name)
{
    started_by = name;
}

/* A name with a slash is a path; else the shell found it in PATH. */
int ownpath_find(char *ret_path, size_t size)
{
    if (!started_by || !*started_by)
        return -ENOENT;
    CLEANUP_FREE char *found = files_find_program(started_by);
    return found ? files_real_path(found, ret_path, size) : -ENOENT;
}
