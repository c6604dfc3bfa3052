/* What every subcommand that looks at keys begins with: the keys, the policy, the store. */
#pragma once

#include "core/client/options.h"
#include "core/pool/keyring.h"
#include "core/pool/policy.h"
#include "core/state/rotation.h"
#include "system/store/store.h"

struct pool {
    struct keyring keyring;
    struct policy policy;
    struct rotation rotation;
    struct store *store;
    char *origin; /* where the keys came from, for messages */
};

/* Loads everything as the options say, saying every mistake on stderr. Returns 0, or the exit
 * status to end with. Ended with pool_close either way. */
int pool_open(struct pool *pool, const struct options *options);
void pool_close(struct pool *pool);

/* The survey of a state just read, without a lock, and when that was by the store's clock: for
 * subcommands that only look. NULL, after saying why, if there is no memory for it. */
const struct state *pool_survey(struct pool *pool, const struct demand *demand, int64_t *ret_now);

/* Says which of the names, NULL-terminated, no key has. True if there is none. */
bool pool_knows(struct pool *pool, char *const *names);

/* Of the keys that rest, the one whose rest ends first; NULL if none does. */
const struct candidate *pool_first_ready(const struct rotation *rotation);
