/* What a run does for somebody who is not looking, when its keys are used up: --on-exhausted and
 * --notify. */
#pragma once

#include "commands/run/session.h"
#include "core/state/event.h"

/* Before a run: warns of a command that cannot be run. */
void alarm_check(const struct session *session);

/* Once in a run; later calls do nothing. The event tells which key was last, why and until when;
 * `sentence` is what was printed about it. A command that cannot be started is only reported. */
void alarm_exhausted(struct session *session, const struct event *event, const char *sentence);
