/* How a run comes to the keys for its next attempt, with their secrets. */
#pragma once

#include "commands/run/step.h"

#include <stdbool.h>
#include <stdint.h>

/* The loop's own state: which key is next, and how the last attempt ended. */
struct run {
    struct session *session;
    bool fast_fail;
    bool busy;              /* all keys were in use when the last one was looked for */
    bool failed;            /* out of memory */
    int number;             /* of this attempt, from 1 */
    int64_t wait_until_end; /* when --wait=MAX is over; 0: not waiting yet */
};

/* Notes what a step chose, and reports if there are more runs than keys. */
void ready_note_step(struct run *run, const struct step *step);

/* Runs the token commands of the chosen keys, and chooses others for those that give no token.
 * False if a slot has none left, or somebody asked to end. */
bool ready_slots(struct run *run);

/* The same, and if the keys that are left are in use, waits for them. */
bool ready_or_wait(struct run *run);

/* --wait, --max-per-key: true with keys chosen; false if there is nothing to wait for, or it takes
 * too long, or somebody asked to end. */
bool ready_wait(struct run *run);
