/* One TLS client over bytes in memory: what comes and goes on the network is the caller's. OpenSSL
 * is loaded when the first one is made and never otherwise, so that a launch does not pay for it;
 * in a program with everything linked in it is mbedTLS. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct tls;

/* A client that trusts the CAs of `ca_file` (NULL: the system's) and no server whose certificate is
 * not for `host`, a name or an address. Returns 0, or a negative errno with one sentence in
 * `error`; -ENOSYS if there is no library for it. */
int tls_create(const char *host, const char *ca_file, struct tls **ret_tls, struct buffer *error);
void tls_destroy(struct tls *tls);

/* Takes what came from the network. Returns 0 or a negative errno. */
int tls_feed(struct tls *tls, const char *bytes, size_t length);

/* One step: the handshake, then what is in `out` is encrypted and leaves it, and what was fed is
 * decrypted into `in`; what is to go to the network is added to `network`. Returns 0; -EPROTO with
 * one sentence in `error`, of the server's certificate too; -ECONNRESET if the server ended it. */
int tls_step(struct tls *tls, struct buffer *out, struct buffer *in, struct buffer *network,
             struct buffer *error);
