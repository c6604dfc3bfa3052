/* A key's name in state: a keyed hash of its token, so that the state file tells nothing of the
 * token and order and names in the key file may change. */
#pragma once

#include "core/pool/keyring.h"

#define IDENTITY_TEXT 33 /* 16 bytes in hexadecimal, and NUL */
#define IDENTITY_SALT 65 /* 32 bytes in hexadecimal, and NUL */

/* BLAKE2b keyed with the state's salt. Returns 0, or -EINVAL for an invalid salt. */
int identity_of(const struct key *key, const char *salt, char ret_identity[IDENTITY_TEXT]);

/* The same for many keys and one salt, which is read once. */
struct identity_salt {
    unsigned char bytes[(IDENTITY_SALT - 1) / 2];
};
int identity_begin(struct identity_salt *salt, const char *text);
void identity_with(const struct identity_salt *salt, const struct key *key,
                   char ret_identity[IDENTITY_TEXT]);
