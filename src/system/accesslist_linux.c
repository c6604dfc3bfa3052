#include "system/accesslist.h"

#include <stddef.h>
#include <sys/xattr.h>

bool accesslist_is_set(const char *path)
{
    return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}
