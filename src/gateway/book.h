/* What is known about the keys: read and changed in this process's memory, without waiting, while a
 * thread keeps it in step with the state of all runs (system/store/ledger.h). */
#pragma once

#include "core/state/choice.h"
#include "gateway/roster.h"

#include <stdbool.h>
#include <stdint.h>

struct gateway;

/* Returns 0 or a negative errno; ended with book_close either way. */
int book_open(struct gateway *gateway);

/* Writes what has not been written; that takes a moment at most. */
void book_close(struct gateway *gateway);

/* The keys have changed. */
void book_follow(struct gateway *gateway, struct roster *roster);

/* Makes a choice; the owner is filled in. */
void book_choose(struct gateway *gateway, struct choice *choice);

/* Gives back a slot's key, which belongs to this roster. */
void book_give_back(struct gateway *gateway, struct roster *roster, struct slot *slot);

/* Works out where each key of the rotation stands. False if out of memory. */
bool book_survey(const struct gateway *gateway, struct roster *roster, const struct demand *demand);

/* Records one more thing that was learned; drops it if out of memory. */
void book_enter(struct gateway *gateway, const struct entry *entry);

/* Now, in seconds since 1970, by the clock of the recorded rests. */
int64_t book_now(const struct gateway *gateway);

const struct state *book_state(const struct gateway *gateway);

/* True if the key now rests for this model ("": for all models). */
bool book_rests(const struct gateway *gateway, const struct candidate *candidate,
                const char *model);

/* Adds a line to the log of events. `context` is the gateway. */
void book_log(void *context, const char *line);
