/* One step for whoever uses keys: records in a state what happened to the last key, and chooses the
 * next ones. A pure change of that state, to be made while nobody else changes it: under the
 * store's lock (a run, a check), or in memory (a gateway). */
#pragma once

#include "core/pool/policy.h"
#include "core/state/entry.h"
#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHOICE_SLOTS 8 /* at once, at most */

/* The place for one key: a run has one for each kind of key that it needs, a gateway has one for
 * each session. */
struct slot {
    const char *kind; /* as in struct asked */
    const char *pool; /* its name in the state; NULL: the main one */
    struct demand demand;
    struct candidate *prefers;   /* this pool key is taken if it is ready; NULL: none */
    struct candidate *candidate; /* the key that is held; NULL while there is none */
    bool is_master;
    bool is_new;       /* no attempt was made with it yet */
    bool another_left; /* if this one fails too, another could be tried */
    int attempts;      /* pool keys that were tried: the caller counts */
    /* Of the key's record when it was taken: has it failed since, for another? */
    int64_t failures, last_failed;
};

/* More runs than the keys' limits are made for. */
struct crowd {
    size_t runs, keys, capacity;
    bool to_be_said; /* once an hour and pool */
};

struct choice {
    const struct policy *policy;
    struct rotation *rotation; /* surveyed again for each slot; the last survey stays */
    struct slot *slots;
    size_t slot_count;
    struct slot
        *lead; /* the slot that `chosen` is for, unless something else says so; NULL: the first */
    struct owner owner; /* whose leases they are */
    bool no_master;     /* it was tried already */

    /* The owner serves many at once (a gateway), and each choice is for one of them, with one slot:
     * leases are counted, `tried` lists the keys that were tried, and nobody queues. Otherwise the
     * rotation keeps marks on those keys. */
    bool many;
    struct candidate *const *tried;
    size_t tried_count;

    struct entries *entries; /* what is done is also appended here; NULL: nowhere */

    /* What is to be recorded and whether to choose. A key is chosen for every slot that has none,
     * and for `slot` if `used` is given, all or nothing. */
    struct slot *slot;             /* that the finding is about; NULL before the first attempt */
    struct candidate *used;        /* its key until now; NULL: none */
    const struct finding *finding; /* how it failed; NULL: nothing to record */
    bool succeeded;                /* it was served: its failures and rests are forgotten */
    bool unproven; /* its program says so, but nothing shows that the key was used: rests longer
                      than the class's own length go on */
    bool choose;   /* false: only record */
    bool waits;    /* if there is none, keys are given up, and a place in the queue is taken */

    /* Filled: */
    struct candidate
        *chosen; /* NULL: none can be used for `slot`, then the first slot without a key */
    bool is_master;
    bool busy;     /* because other runs use them, or wait for them already */
    size_t ahead;  /* how many wait */
    int64_t until; /* when `used` is ready again; 0 if nothing was recorded */
    int64_t now;   /* when that was, by the state's clock */
    bool ended;    /* a rest of `used` ended before its time, because it succeeded */
    struct crowd crowd;
    bool failed; /* no memory */

    /* Its own: */
    int64_t clock;
    struct slot *about; /* `slot` as it was given */
    unsigned open;      /* a bit for each slot that a key is chosen for */
};

/* To be called once, before the first choice_make. That may then be called several times, on a
 * newer or another state; the choice and its slots hold the last result. */
void choice_begin(struct choice *choice);

/* Makes it on a state that was settled and pruned. `now` is by the state's clock, `clock` by the
 * one by which the finding tells when a limit is reset. True if the state changed. */
bool choice_make(struct choice *choice, struct state *state, int64_t now, int64_t clock);

/* The first half of it alone: `used` failed as the finding says, while it was used for `pool`. Of
 * the choice it needs the policy, the rotation (surveyed under this state), `used` and the finding.
 * Sets `until` and `now`, and `failed` if out of memory. */
void choice_record_failure(struct choice *choice, struct state *state, const char *pool,
                           int64_t now, int64_t clock);

/* With `many`: the slot's key is given back. True if the state changed. */
bool choice_give_back(struct slot *slot, struct state *state, const struct owner *owner);
