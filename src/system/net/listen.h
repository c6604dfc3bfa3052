/* Sockets on this machine's own addresses for others to connect to. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <sys/socket.h>

#define LISTEN_TEXT 128

struct listen_address {
    struct sockaddr_storage address;
    socklen_t length;
    char text[LISTEN_TEXT]; /* for people: "127.0.0.1:4080", "[::1]:4080", a path */
};

/* "4080", "127.0.0.1:4080", "localhost:4080", "[::1]:4080", or "unix:" and a path. Returns 0, or
 * -EINVAL with one sentence in `error`. Other addresses in numbers are taken, too:
 * listen_is_reached. */
int listen_parse(const char *text, struct listen_address *ret_address, struct buffer *error);

/* True for an address that other machines can reach. */
bool listen_is_reached(const struct listen_address *address);

/* The descriptor of a socket that listens (close-on-exec), or a negative errno. A Unix socket that
 * nobody serves any more is replaced; it can be used by its owner alone. */
int listen_open(const struct listen_address *address);

/* The address that a socket listens on already. Returns 0, or -EINVAL with one sentence in `error`:
 * for what does not listen, and for what is neither TCP nor a Unix socket. */
int listen_describe(int fd, struct listen_address *ret_address, struct buffer *error);

/* Who holds the port of an address that is taken, as far as it can be seen: appends " by NAME (pid
 * N)", or nothing. */
void listen_append_holder(const struct listen_address *address, struct buffer *text);
