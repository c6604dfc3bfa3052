/* Names of hosts to addresses, in bounded time. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define RESOLVE_MOST 8

struct address {
    struct sockaddr_storage name;
    socklen_t length;
};

/* A numeric address at once; a name by the system's resolver, in a process of its own, because
 * nothing else ends a resolver before it gives up by itself. Returns how many addresses; -ENOENT if
 * the name is not known, -ETIMEDOUT at `deadline` (clock_now_ms), another negative errno. */
int resolve_host(const char *host, const char *port, int64_t deadline,
                 struct address ret_addresses[RESOLVE_MOST]);

/* The address of a Unix socket. Returns 0, or -ENAMETOOLONG. */
int resolve_socket(const char *path, struct address *ret_address);
