/* A connection that never waits: every step does what can be done at once. */
#pragma once

#include "base/buffer.h"
#include "system/store/resolve.h"
#include "system/store/tls.h"

#include <stdbool.h>

struct wire {
    int fd; /* -1: closed */
    bool connected;
    struct tls *tls;   /* NULL: none */
    struct buffer out; /* to be sent; the caller appends; wiped, because a password may be there */
    struct buffer coded; /* the same, encrypted */
};

/* Begins a connection, with the client that tls_create gave (NULL: without), which is the wire's
 * then. Returns 0 or a negative errno, the wire closed. */
int wire_open(struct wire *wire, const struct address *address, struct tls *tls);
void wire_close(struct wire *wire);

/* Connects, sends and receives as far as it goes now; what came is added to `in`. Returns 0, or a
 * negative errno, in the case of TLS with a sentence in `error`. */
int wire_step(struct wire *wire, struct buffer *in, struct buffer *error);

/* What poll is to wait for before the next step. */
short wire_events(const struct wire *wire);
