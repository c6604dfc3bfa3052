/* One step under the store's lock: what befell a key is recorded, and the next ones are chosen. */
#pragma once

#include "commands/run/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Forgets which keys this run tried: after a wait they count again. */
void turn_start_over(struct session *session);

/* More runs than the keys' limits are made for. */
struct crowd {
    size_t runs, keys, capacity;
    bool to_be_said; /* once an hour and pool */
};

/* Records what befell the key just used (finding NULL: nothing to record) and chooses one for every
 * slot that has none, all or nothing, in one step under the store's lock. */
struct turn {
    struct session *session;
    struct slot *slot;      /* that the finding is about; NULL before the first attempt */
    struct candidate *used; /* its key until now */
    const struct finding *finding;
    bool succeeded; /* forget the key's failures */
    bool choose;    /* false: only record */
    bool waits;     /* if there is none, keys are given up, and a place in the queue is taken */
    /* Filled: */
    struct candidate *chosen; /* NULL: none can be used for `slot`, then the first such one */
    bool is_master;
    bool busy;     /* because other runs use them, or wait for them already */
    size_t ahead;  /* how many wait */
    int64_t until; /* when `used` is ready again */
    int64_t now;
    struct crowd crowd;
    bool failed; /* no memory */
    /* Its own: */
    struct slot *about; /* `slot` as it was given */
    unsigned open;      /* a bit for each slot that a key is chosen for */
};
void turn_take(struct turn *turn);

/* The first half of it, for who holds the lock: `used` failed as `finding` says. The rotation was
 * surveyed under this state. Sets `until`, and `failed` if out of memory; true: it must be written.
 */
bool turn_record_finding(struct state *state, struct turn *turn);
