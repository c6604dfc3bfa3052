/* Access lists, as setfacl(1) makes them: rights that a file's mode does not show. */
#pragma once

#include <stdbool.h>

/* True also where it cannot be found out. */
bool accesslist_is_set(const char *path);
