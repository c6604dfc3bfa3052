/* Two files of a folder change names in one step. */
#pragma once

/* Returns 0; -ENOENT if one is not there; -ENOSYS, -EINVAL where the system or the file system
 * cannot; another negative errno. */
int exchange_names(int folder, const char *one, const char *other);
