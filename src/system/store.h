/* Where state lives between runs: a file under the XDG state folder, changed under a lock. What
 * the rules are it does not know. A store that cannot be used (read-only, full, another's) costs a
 * run its memory, never the run: it is said once, and the state lives in this process alone. */
#pragma once

#include "core/state.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

/* The store at TCR_STATE or the XDG place. Touches nothing yet; NULL if out of memory. */
struct store *store_create(void);
void store_destroy(struct store *store);

/* What a change does to the settled and pruned state; true if it must be written. Runs under the
 * lock: short, and without starting anything. */
typedef bool store_change(struct state *state, int64_t now, void *context);

/* Locks, reads, changes, writes, unlocks. The change is made exactly once, in memory if the file
 * cannot be used. Returns 0; 1 if it was made in memory only; -ENOMEM if it was not made. */
int store_update(struct store *store, store_change *change, void *context);

/* Reads only; with the lock if it can be had in time. The state is the store's, until the next
 * call. NULL if out of memory. */
struct state *store_read(struct store *store);

/* The file's path, for messages; NULL if there is no place for one. */
const char *store_path(const struct store *store);

/* Adds one line to events.jsonl beside the state; best effort. */
void store_log_event(struct store *store, const char *line);
