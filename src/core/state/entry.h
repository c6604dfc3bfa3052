/* One thing that was learned, as a value. A choice changes a state by entries, so that the same
 * change can be made again to another state: a long-lived process changes its memory first and the
 * store later. */
#pragma once

#include "core/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum entry_kind {
    ENTRY_USE,      /* `id`, called `name`, was used `count` times, the last time at `at` */
    ENTRY_FAILURE,  /* `id` failed at `at`, with the class of `rest` */
    ENTRY_REST,     /* `id` takes the rest */
    ENTRY_RECOVERY, /* `id` works, for the model of `rest` ("": not known), unless it has failed
                       since. Ends its rests that are over, and those that are no longer than
                       `longest` and not for another model; forgets its failures if no rest is left
                     */
    ENTRY_MASTER,   /* the master was used at `at` */
    ENTRY_CURSOR,   /* the cursor of `pool` moves to `id`; with `from`, only if it stands there */
    ENTRY_CROWDED,  /* at `at` it was reported that `pool` is too small */
    ENTRY_USAGE     /* `id`'s provider reported its plan's windows */
};

struct entry {
    enum entry_kind kind;
    bool of_organization; /* `id` is an organization's name, not a key's identity */
    char id[sizeof((struct record *)0)->id];
    char name[sizeof((struct record *)0)->name];
    int64_t at;    /* by the state's clock, as all times here */
    int64_t ahead; /* how many seconds that was ahead of the maker's clock, if known */
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

/* True if others must know it soon: everything but uses, cursors and windows. */
bool entry_is_urgent(const struct entry *entry);

/* A list of entries, in the order in which they are done. */
struct entries {
    struct entry *list;
    size_t count, room;
};

/* Adds one; a use, a cursor's move and windows are merged into an earlier one if the result is the
 * same. Returns 0 or -ENOMEM. */
int entries_add(struct entries *entries, const struct entry *entry);

/* Makes all the changes to a state whose clock is `ahead` seconds ahead of the maker's, and
 * corrects times that were recorded by another clock. Returns 1 if the state changed, 0 if there
 * was nothing to do, -ENOMEM. */
int entries_do(struct state *state, const struct entries *entries, int64_t ahead);
void entries_finish(struct entries *entries);
