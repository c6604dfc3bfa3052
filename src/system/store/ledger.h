/* The state in the memory of a process that lives long and must not wait. Its event loop chooses
 * keys in memory; one thread keeps that memory and the store (a file or a server) the same. What
 * was found out about a key, and uses of the master, are written at once; counts, last uses and
 * leases within half a second; changes of others are seen within a second. A store that cannot be
 * used costs nothing but memory: what was learned stays here, and is written when it can be.
 *
 * All calls are for one thread, the loop's, and none waits, but for ledger_open and ledger_close.
 * A process has one ledger, and no other store open. */
#pragma once

#include "core/state/choice.h"
#include "core/state/rotation.h"
#include "core/state/state.h"
#include "system/host.h"
#include "system/store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct ledger;

/* Reads the state that TCR_STATE or the XDG place names, which may take a moment, and begins the
 * thread. Reports come through the host (borrowed; NULL: none) during ledger_refresh and
 * ledger_close. Returns 0, -ENOMEM, or another negative errno if there can be no thread. */
int ledger_open(const struct host *host, struct ledger **ret_ledger);

/* Gives all leases up and writes what is left, waiting at most that long. Returns 0; -EIO if that
 * could not be written, -ETIMEDOUT if it took too long: then the thread is left behind, for a
 * process that ends now. Takes NULL. */
int ledger_close(struct ledger *ledger, int64_t most_ms);

/* The keys as they are now: they tell which are the same in states with different salts. They must
 * stay as they are until `release` is called (during a later ledger_follow_keys, ledger_refresh or
 * ledger_close); NULL: nothing is to be done then. */
void ledger_follow_keys(struct ledger *ledger, const struct keyring *keyring,
                        void (*release)(void *context), void *context);

/* Readable when ledger_refresh has something to do: others changed the state, or there is something
 * to report. */
int ledger_fd(const struct ledger *ledger);

/* Takes what came. True if the state is another one now, in which the keys have other identities:
 * ledger_meet works them out before a choice has to. */
bool ledger_refresh(struct ledger *ledger);

/* Valid until the next call; NULL never. */
const struct state *ledger_state(const struct ledger *ledger);

/* Now by the clock that the times in the state are of. */
int64_t ledger_now(const struct ledger *ledger);

/* Works out the identities of a rotation's keys, which takes a millisecond for a thousand of them:
 * else the first choice does. Returns 0 or a negative errno from identity_of. */
int ledger_meet(struct ledger *ledger, struct rotation *rotation);

/* Makes a choice for one slot. The caller fills all but `many`, `owner` and `entries`; the slot's
 * key counts as a lease until another choice is made for it, or it is given back. */
void ledger_choose(struct ledger *ledger, struct choice *choice);

/* The slot's key, which is of this rotation, is not used any more. */
void ledger_give_back(struct ledger *ledger, struct rotation *rotation, struct slot *slot);

/* One thing more that was learned. Returns 0 or -ENOMEM. */
int ledger_enter(struct ledger *ledger, const struct entry *entry);

/* The file of these events; NULL if there is none, or they are on a server. */
const char *ledger_events_path(const struct ledger *ledger);

/* Adds one line (with its newline) to the events. */
void ledger_log_event(struct ledger *ledger, const char *line);

/* Which key goes with a session, or with an object that one key made, is told to the gateways that
 * share a server; see store_claim. False where there is no server. */
bool ledger_takes_claims(const struct ledger *ledger);

/* Hands a claim to the thread, named by its `id`; it comes back, in the order of handing, from
 * ledger_next_claim after a later ledger_refresh. Returns 0; -EAGAIN if too many wait already, then
 * it does not come back; -ENOMEM. */
int ledger_claim(struct ledger *ledger, const struct claim *claim);

/* False if none has come back. `*ret_failed`: the server is out of reach. */
bool ledger_next_claim(struct ledger *ledger, struct claim *ret_claim, bool *ret_failed);
