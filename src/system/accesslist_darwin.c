#include "system/accesslist.h"

#include <stddef.h>
#include <sys/acl.h>
#include <sys/types.h>

bool accesslist_is_set(const char *path)
{
    acl_t list = acl_get_file(path, ACL_TYPE_EXTENDED);
    if (list)
        (void)acl_free(list);
    return list != NULL;
}
