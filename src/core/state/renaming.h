/* The identities of the keys of a keyring in a state with another salt. */
#pragma once

#include "core/pool/identity.h"
#include "core/state/entry.h"
#include "core/state/state.h"

#include <stddef.h>

struct renaming {
    struct renamed *list; /* sorted */
    size_t count;
};

/* The keyring is not looked at afterwards; NULL: none. Returns 0, -ENOMEM, or -EINVAL for an
 * invalid salt. */
int renaming_init(struct renaming *renaming, const struct keyring *keyring, const char *from,
                  const char *to);
void renaming_finish(struct renaming *renaming);

/* Renames all; what is of a key that is not in the keyring goes. */
void renaming_of_entries(const struct renaming *renaming, struct entries *entries);
void renaming_of_leases(const struct renaming *renaming, struct state *state);
