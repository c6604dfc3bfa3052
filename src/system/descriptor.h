/* Descriptors that are closed by an exec from the start. Where a system sets that only afterwards,
 * a program that another thread starts in between has them too. Like the calls that they stand for,
 * these return -1 and set errno. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* `flags`: O_NONBLOCK or 0. */
int descriptor_pipe(int ret_ends[2], int flags);

/* `waits`: false for one that never blocks. A write to a closed one may still raise SIGPIPE. */
int descriptor_socket(int family, int type, int protocol, bool waits);

/* A connection that never blocks. */
int descriptor_accept(int fd, struct sockaddr_storage *ret_address, socklen_t *ret_length);

/* A folder to find files in, readable or not where the system allows that. */
int descriptor_folder(const char *path);
