/* What is known of the keys: asked and changed in the memory of this process, without waiting,
 * while a thread keeps it and the state of all runs the same (system/store/ledger.h). */
#pragma once

#include "core/state/choice.h"
#include "gateway/roster.h"

#include <stdbool.h>
#include <stdint.h>

struct gateway;

/* Returns 0 or a negative errno; ended with book_close either way. */
int book_open(struct gateway *gateway);

/* Writes what is left to be written; that takes a moment at most. */
void book_close(struct gateway *gateway);

/* The keys are other ones now. */
void book_follow(struct gateway *gateway, struct roster *roster);

/* Makes a choice; the owner is filled in. */
void book_choose(struct gateway *gateway, struct choice *choice);

/* A slot's key, which is of this roster, is given back. */
void book_give_back(struct gateway *gateway, struct roster *roster, struct slot *slot);

/* Works out where each key of the rotation stands. False if out of memory. */
bool book_survey(const struct gateway *gateway, struct roster *roster, const struct demand *demand);

/* One thing more that was learned; what there is no memory for is left out. */
void book_enter(struct gateway *gateway, const struct entry *entry);

/* Now, in seconds since 1970, by the clock that rests are told in. */
int64_t book_now(const struct gateway *gateway);

const struct state *book_state(const struct gateway *gateway);

/* True if the key rests now for this model ("": for every one). */
bool book_rests(const struct gateway *gateway, const struct candidate *candidate,
                const char *model);

/* Adds a line to the log of events. `context` is the gateway. */
void book_log(void *context, const char *line);
