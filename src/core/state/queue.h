/* Waiting for a free key, first come first served (--max-per-key). A run that waits leaves a lease
 * on no key, with a ticket: so it loses its place when it dies, as it would lose a key. */
#pragma once

#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stddef.h>
#include <stdint.h>

/* Adds the keys that a surveyed run could use, now or when they are free or rested, to the queue's
 * name: runs share a queue if they could use the same keys. `queue` holds QUEUE_TEXT bytes, "" to
 * begin with. */
void queue_add_keys(char *queue, const struct rotation *rotation, const char *model);

/* How many runs are before the one with this ticket; 0: before one that comes now. */
size_t queue_ahead(const struct state *state, const char *queue, int64_t ticket);

/* The ticket that a run holds already; 0 if none. */
int64_t queue_ticket(const struct state *state, const struct owner *owner);

/* Puts a run at the end of a queue, or, with its ticket, back in its place. Returns 0 or -ENOMEM.
 */
int queue_stand(struct state *state, const char *queue, int64_t ticket, const struct owner *owner,
                int64_t now);

/* How many more runs the ready keys take, if each takes at_most. */
size_t queue_places(const struct rotation *rotation, size_t at_most);
