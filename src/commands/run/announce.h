/* What a run says on stderr of its keys, each time one line: what happened, to which key, until
 * when, and what comes next. What is also an event goes into events.jsonl. */
#pragma once

#include "commands/run/step.h"
#include "commands/run/whynot.h"

#include <stdbool.h>
#include <stdint.h>

/* `used` failed and `chosen` follows. */
void announce_failover(const struct step *step);

/* `used` met trouble that is not its fault, and is used once more. */
/* Every key rests for the model that was asked for: the session's goes on with the chosen one. */
void announce_model(const struct step *step, const char *asked);

void announce_retry(const struct step *step);

/* `used` failed and none is left. */
void announce_given_up(const struct step *step);

/* That the client is to wait at a limit, before an interactive session without a gateway. */
void announce_own_wait(const struct session *session);

/* …and that it did, though another key was free. */
void announce_waited(const struct session *session, const struct finding *limit);

/* `used` failed and nothing follows. `attempt` as whynot_append takes it. */
void announce_stopped(const struct step *step, const struct attempt *attempt, enum whynot why);

/* No key can be used for the first attempt. */
void announce_nothing_usable(struct session *session, int64_t now);

/* More runs than keys, where the step found so. */
void announce_undersized(const struct step *step);

/* `candidate` cannot be used, because of `why`. */
void announce_passed_over(const struct session *session, const struct candidate *candidate,
                          const char *why);

/* An attempt begins with this slot's key; not noted. */
void announce_attempt(const struct session *session, const struct slot *slot, int number,
                      bool fast_fail);

/* --wait: `candidate` is ready first, but not before it has to be given up, at `end`. */
void announce_too_late(const struct candidate *candidate, int64_t end, int64_t now);
