/* Lock files: exclusive flocks, whose holders keep them for milliseconds. */
#pragma once

#include "system/host.h"

/* Waits for the lock of an open file for at most that many microseconds, in growing steps: one on a
 * dead NFS server must not hang its caller. Returns 0; -ETIMEDOUT, also when the host (NULL: none)
 * is interrupted; another negative errno. */
int lockfile_wait(int fd, long most_us, const struct host *host);

/* Opens and locks folder/name, made with mode 0600 if need be. It is never deleted by us; if
 * somebody did that while we waited, others lock the new one by now, and so does this. Returns 0
 * with the descriptor, whose closing unlocks it, or a negative errno as above. */
int lockfile_take(int folder_fd, const char *name, long most_us, const struct host *host,
                  int *ret_fd);
