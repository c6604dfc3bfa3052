/* The keys as they stand in the key file now: read anew when that changes, while requests that
 * began with the old ones end with them. */
#pragma once

#include "core/client/options.h"
#include "core/evidence/usage.h"
#include "core/pool/keyring.h"
#include "core/pool/policy.h"
#include "core/state/rotation.h"

#include <stdbool.h>

struct roster {
    unsigned references;
    struct keyring keyring;
    struct rotation rotation;
    struct policy policy;
    struct usage *usage; /* of each candidate, as its last answer told */
    int64_t *trials; /* when each candidate was last tried while it rested; seconds since 1970 */
    char *origin;    /* where the keys came from, for messages */
};

/* Reads the keys, saying what is wrong with them. Returns 0 with the caller's reference, or a
 * negative errno: -ENOENT if there are none. */
int roster_load(const struct options *options, struct roster **ret_roster);

struct roster *roster_keep(struct roster *roster);

/* Gives a reference back; takes NULL. */
void roster_release(struct roster *roster);

/* The address that a key's requests go to; NULL if none is known. */
const char *roster_base(const struct key *key);
