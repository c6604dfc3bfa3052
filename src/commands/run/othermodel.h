/* Every key of the pool rests for the model that claude was asked to use: the next one by
 * model_fallback, with the same keys; and only when those are through, the master. */
#pragma once

#include "commands/run/ready.h"

#include <stdbool.h>

/* Before another key is chosen: keeps the master from being chosen where another model comes first.
 */
void othermodel_begin(struct session *session, const struct finding *finding);

/* Chooses a model and a key, says so and makes the key ready. False if there is none. */
bool othermodel_choose(struct run *run, const struct step *failed);

/* No model is left: chooses the master for the first one, if it was kept back, and has `step` tell
 * of it. False if there is none. */
bool othermodel_spend(struct session *session, struct step *step);
