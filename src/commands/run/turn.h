/* One step of a run under the store's lock: what befell a key is recorded, and the next ones are
 * chosen (core/state/choice.h). */
#pragma once

#include "commands/run/session.h"
#include "core/state/choice.h"

/* Forgets which keys this run tried: after a wait they count again. */
void turn_start_over(struct session *session);

/* The caller sets the session, and in the choice what is to be recorded and whether to choose. */
struct turn {
    struct session *session;
    struct choice choice;
};
void turn_take(struct turn *turn);
