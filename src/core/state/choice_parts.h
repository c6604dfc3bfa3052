/* What the files of choice share: how a choice changes the state, and how it records what happened
 * to the key that was used (choice_cooldown.c). */
#pragma once

#include "core/state/choice.h"

#include <stdbool.h>
#include <stdint.h>

/* An entry with nothing else in it yet; `id` is copied. */
struct entry choice_entry(enum entry_kind kind, const char *id, int64_t at);

/* `pool` is copied; NULL: the main one. */
void choice_name_pool(struct entry *entry, const char *pool);

/* Changes the state so and, if that changed anything, adds the entry to the caller's. True if it
 * did. Out of memory, the choice has failed. */
bool choice_enter(struct choice *choice, struct state *state, const struct entry *entry);

/* `used` failed: the key, its organization or its use of one model rests, and the cursor moves on.
 */
void choice_note_failure(struct choice *choice, struct state *state);

/* `used` was served: ends its rests. True if the state changed. */
bool choice_note_success(struct choice *choice, struct state *state);
