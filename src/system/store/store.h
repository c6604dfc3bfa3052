/* Where state lives between runs: a file under the XDG state folder, or a server that many machines
 * share. It does not know the rules, and nobody else knows which of the two it is. A store that
 * cannot be used (read-only, full, another's, out of reach) costs a run its memory, never the run:
 * that is reported once, and the state lives in a file of this machine or in this process alone. */
#pragma once

#include "core/pool/identity.h"
#include "core/pool/keyring.h"
#include "core/state/state.h"
#include "system/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* The store at TCR_STATE or the XDG place. The keyring (borrowed; NULL: none) tells which keys are
 * the same in states with different salts; failures are reported to the host (borrowed; NULL:
 * none). Touches nothing yet; NULL if out of memory. */
struct store *store_create(const struct keyring *keyring, const struct host *host);
void store_destroy(struct store *store);

/* What a change does to the settled and pruned state; true if it must be written. Runs under the
 * lock: short, and without starting anything. It may be made again, on a newer or another state:
 * what it tells its caller is that of the last time. */
typedef bool store_change(struct state *state, int64_t now, void *context);

/* Locks, reads, changes, writes, unlocks. The change is made in memory if the store cannot be used.
 * Returns 0; 1 if it was made elsewhere than in the store; -ENOMEM if it was not made. */
int store_update(struct store *store, store_change *change, void *context);

/* The same, but never in memory alone. Returns 0; 1 if it was written elsewhere than in the store;
 * a negative errno, with one sentence in `why`, if the change is not in force. */
int store_try_update(struct store *store, store_change *change, void *context, struct buffer *why);

/* The state as it was last seen; the store's, until the next call. NULL: none was yet. */
const struct state *store_last(const struct store *store);

/* Another keyring instead of the one of store_create. */
void store_follow_keys(struct store *store, const struct keyring *keyring);

/* Reads only; with the lock if it can be had in time. The state is the store's, until the next
 * call. NULL if out of memory. */
struct state *store_read(struct store *store);

/* Now by the clock that the times in the state are of: a server's, once it has answered, else
 * ours. */
int64_t store_now(const struct store *store);

/* The file's path; NULL if there is no place for one or the state is not in a file. */
const char *store_path(const struct store *store);

/* Adds one line to the events, events.jsonl beside the state; best effort. */
void store_log_event(struct store *store, const char *line);

/* Gives the events (lines without their newline) that were added since the last call, at first all
 * there are. Returns 0; -ENOENT if there are none yet; another negative errno. */
int store_events(struct store *store, void (*take)(void *context, const char *line, size_t length),
                 void *context);

/* Where they are, for messages; NULL if there is no place for them. */
const char *store_events_path(const struct store *store);

/* A lease on a server lasts only while it is renewed: when that is due next (clock_now_ms; -1:
 * never), and doing it if it is due. Never waits. */
int64_t store_due(const struct store *store);
void store_renew(struct store *store, int64_t now_ms);

/* Looks at a server's state; prints and changes nothing. Returns 0 with the state, the caller's to
 * finish, and the seconds that the server's clock is ahead of ours; -ENODEV if the state is not on
 * a server; another negative errno (see store_redis.h) with one sentence. */
int store_probe(struct store *store, struct state *ret_state, int64_t *ret_ahead,
                struct buffer *error);

/* Which key goes with a session or with an object that one key made, for gateways that share a
 * server: it is kept there apart from the state, for so long after the last claim. */
#define CLAIM_NAME 48
#define CLAIM_ID   160
struct claim {
    char name[CLAIM_NAME]; /* what is claimed: "session:" or "object:" and a hash */
    char id[CLAIM_ID];     /* the same for the ledger's caller; it does not leave this process */
    bool is_object;
    char had[IDENTITY_TEXT]; /* the key that it had as far as we know; "": none */
    char key[IDENTITY_TEXT]; /* the key that it gets if that is so, or if it has none; "": none.
                                Filled: the key that it has now; "": none */
    int64_t seconds;
};

/* True if there is a server to keep them; a file of this machine keeps none. */
bool store_takes_claims(const struct store *store);

/* In one step for all who claim. Returns 0; a negative errno, with the claim as it was, where no
 * server is in reach. */
int store_claim(struct store *store, struct claim *claim);

/* This run is over, and others need not wait until they see it. Waits a moment at most. */
void store_let_go(struct store *store);
