/* One step of a run under the store's lock: records what happened to a key and chooses the next
 * ones (core/state/choice.h). */
#pragma once

#include "commands/run/session.h"
#include "core/state/choice.h"

/* The caller sets the session, and in the choice what is to be recorded and whether to choose. */
struct step {
    struct session *session;
    struct choice choice;
};
void step_take(struct step *step);
