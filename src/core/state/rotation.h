/* Which key next? One rule for every use: of the keys that can be used at all, the best priority,
 * then the fewest live leases, then round-robin from the cursor (design.md, "One run", step 1). */
#pragma once

#include "core/pool/keyring.h"
#include "core/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a key can or cannot be used now. */
enum standing {
    STANDING_READY,
    STANDING_COOLING,    /* `cooling` says until when */
    STANDING_DISABLED,   /* in the key file */
    STANDING_LEFT_OUT,   /* not in the profile, or a duplicate */
    STANDING_NOT_PINNED, /* --key names another */
    STANDING_WRONG_KIND, /* the command cannot use this kind */
    STANDING_TRIED,      /* failed already in this run */
    STANDING_SPENT,      /* the master has been used at_most times */
    STANDING_BUSY        /* as many runs are on it as --max-per-key allows */
};

struct candidate {
    struct key *key;
    char id[IDENTITY_TEXT];
    enum standing standing;
    const struct cooldown *cooling; /* in the state; NULL if it does not rest or is not asked for */
    size_t leases;                  /* live runs and sessions on it */
    bool ended;       /* its secret's end is past, as far as the clock can be trusted */
    bool had_trouble; /* failures or rests are recorded */
    bool tried;       /* the caller's; kept by rotation_survey */
    bool nearly_used; /* the same: chosen only where no other is ready */
};

struct rotation {
    struct candidate *candidates; /* in the key file's order, the master last if there is one */
    size_t count;                 /* of pool keys */
    bool has_master;              /* then candidates[count] is the master */
    char salt[IDENTITY_SALT];     /* of the state that the identities are for; "" at first */
    struct candidate **by_id;     /* all, sorted by identity if is_sorted */
    bool is_sorted;
};

/* What a run asks of a key. */
struct demand {
    const char *model;                                  /* NULL: not known */
    const char *pinned;                                 /* --key; NULL: any */
    bool pinned_may_rest;                               /* false: it is used even while it rests */
    bool (*can_use)(const struct kind *, const void *); /* NULL: all kinds */
    const void *can_use_context;
    size_t max_per_key; /* runs at once on a pool key; 0: no bound */
};

/* Sets up the candidates of a keyring, which must outlive them and not change. Returns 0 or
 * -ENOMEM. */
int rotation_init(struct rotation *rotation, struct keyring *keyring);
void rotation_finish(struct rotation *rotation);

/* Works out every candidate's identity and standing under a state that was settled and pruned.
 * Returns 0, or a negative errno from identity_of. */
int rotation_survey(struct rotation *rotation, const struct state *state,
                    const struct demand *demand, int64_t now);

/* Works out one candidate's identity for a state with this salt. Returns 0, or a negative errno
 * from identity_of. */
int rotation_identify(struct rotation *rotation, struct candidate *candidate, const char *salt);

/* The pool key to use; NULL if none is ready. */
struct candidate *rotation_choose(struct rotation *rotation, const char *cursor);

/* The master if it is ready; NULL otherwise. */
struct candidate *rotation_master(struct rotation *rotation);

/* The identity the cursor moves to when this candidate fails: the next pool key's. */
const char *rotation_next(const struct rotation *rotation, const struct candidate *candidate);

/* How many pool keys are ready; how many are used by as many runs as may. */
size_t rotation_ready(const struct rotation *rotation);
size_t rotation_busy(const struct rotation *rotation);

/* Live runs on the pool's keys, whether these are ready or rest. */
size_t rotation_runs(const struct rotation *rotation);

/* How many sets of limits the ready and busy pool keys have: subscriptions have one each, API keys
 * of one organization one together. 0 is returned for no such key, and if out of memory. */
size_t rotation_capacity(const struct rotation *rotation);

/* When the first of the cooling candidates is ready again; 0 if none is cooling. */
int64_t rotation_earliest(const struct rotation *rotation);

const char *standing_name(enum standing standing);
const char *standing_word(enum standing standing); /* a short one: "resting" */
