/* Who is at the other end of a connection from this machine. */
#pragma once

#include <sys/types.h>

/* The user whose socket it is, as the kernel's tables of TCP connections tell. Returns 0; -ENOENT
 * if they do not: the other end is elsewhere, in another network namespace too; or another negative
 * errno. */
int peer_user(int fd, uid_t *ret_user);
