/* A key file encrypted under a passphrase: Argon2id makes the key, XChaCha20-Poly1305 does the rest
 * (both libsodium's). The result is text, so that people and tools see what it is:
 *
 *   tcr-run sealed keys, version 1; opened by: tcr-run keys unseal
 *   argon2id operations=2 memory=67108864 salt=…
 *   xchacha20poly1305 nonce=…
 *   base64, in lines of 76 characters
 *
 * What the header says is authenticated with the rest. The caller supplies random bytes. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_SALT  16
#define SEAL_NONCE 24
#define SEAL_KEY   32

/* What a guess at the passphrase costs: passes over so many bytes of memory. */
struct seal_limits {
    const char *name; /* "interactive", "moderate" */
    uint64_t operations, memory;
};

/* By name; NULL if there is none. The first is the default. */
const struct seal_limits *seal_limits_find(const char *name);
extern const struct seal_limits seal_limits_default;

struct seal {
    uint64_t operations, memory;
    unsigned char salt[SEAL_SALT];
    char *key; /* SEAL_KEY bytes of guarded memory; NULL until seal_derive */
};
void seal_finish(struct seal *seal);

/* True if the bytes claim to be a sealed file, of whatever version. */
bool seal_is_sealed(const char *bytes, size_t length);

/* Reads a sealed file's header; the key stays NULL. Returns 0, or -EINVAL with one sentence in
 * `error`. */
int seal_read(const char *bytes, size_t length, struct seal *ret_seal, struct buffer *error);

/* Makes the key: takes the time and memory that the limits say. Returns 0 or -ENOMEM. */
int seal_derive(struct seal *seal, const char *passphrase);

/* True if both were made from the same salt with the same limits: then the key is the same. */
bool seal_is_alike(const struct seal *a, const struct seal *b);

/* The bytes that were sealed, NUL-terminated, in guarded memory (secret_free). Returns 0, -EBADMSG
 * if the passphrase is wrong or the file was changed, -EINVAL if it is cut or malformed, -ENOMEM.
 */
int seal_open(const struct seal *seal, const char *text, size_t length, char **ret_bytes,
              size_t *ret_length);

/* Appends the sealed file to `text`. The nonce must be random: one that comes twice with the same
 * key gives the bytes away. Returns 0 or -ENOMEM. */
int seal_close(const struct seal *seal, const unsigned char nonce[SEAL_NONCE], const char *bytes,
               size_t length, struct buffer *text);
