/* Keys that end soon are spoken of at a run: each once a day, not by each of a hundred runs. */
#pragma once

#include "commands/run/session.h"

/* Warns of them, and notes in the state that it did. Asks the state only if there are any. Comes
 * before the first step: what a survey found would not outlive it. */
void expiry_warn(const struct session *session);
