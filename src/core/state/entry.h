/* One thing that was learned, as a value. What a choice does to a state it does by entries, so that
 * it can be done again, to another state: a process that lives long does it to its memory first and
 * to the store later. */
#pragma once

#include "core/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum entry_kind {
    ENTRY_USE,      /* `id`, called `name`, was used `count` times, the last time at `at` */
    ENTRY_FAILURE,  /* `id` failed at `at`, with the class of `rest` */
    ENTRY_REST,     /* `id` takes the rest */
    ENTRY_RECOVERY, /* `id` works, for the model of `rest` ("": not told), unless it failed since:
                       of its rests those end that are over, or are no longer than `longest` and not
                       another model's; its failures are forgotten if none is left */
    ENTRY_MASTER,   /* the master was used at `at` */
    ENTRY_CURSOR,   /* the cursor of `pool` moves to `id`; with `from`, only if it stands there */
    ENTRY_CROWDED,  /* it was said at `at` that `pool` is too small */
    ENTRY_USAGE     /* `id`'s provider told of its plan's windows */
};

struct entry {
    enum entry_kind kind;
    bool of_organization; /* `id` is an organization's name, not a key's identity */
    char id[sizeof((struct record *)0)->id];
    char name[sizeof((struct record *)0)->name];
    int64_t at;    /* by the state's clock, as all times here */
    int64_t ahead; /* how many seconds that was ahead of the maker's, if it tells */
    int64_t count;
    struct cooldown rest;
    int64_t failures, last_failed; /* ENTRY_RECOVERY: what the record said when it was made */
    int64_t longest[CLASS_COUNT];  /* ENTRY_RECOVERY: seconds, by the rest's class */
    char pool[KIND_VARIABLE];      /* "": the main one */
    char from[IDENTITY_TEXT];
    struct usage usage; /* ENTRY_USAGE */
};

/* Does it. Returns 1 if the state changed, 0 if there was nothing to do, -ENOMEM. */
int entry_do(struct state *state, const struct entry *entry);

/* True if nobody else may miss it for long: what all but uses, cursors and windows say. */
bool entry_is_urgent(const struct entry *entry);

/* A list of entries, in the order in which they are done. */
struct entries {
    struct entry *list;
    size_t count, room;
};

/* Adds one; a use, a cursor's move and windows join an earlier one where that comes to the same.
 * Returns 0 or -ENOMEM. */
int entries_add(struct entries *entries, const struct entry *entry);

/* Does all to a state whose clock is so many seconds ahead of the maker's: times that were noted by
 * another are set right. Returns 1 if the state changed, 0 if there was nothing to do, -ENOMEM. */
int entries_do(struct state *state, const struct entries *entries, int64_t ahead);
void entries_finish(struct entries *entries);
