/* What happened to an attempt: was it the key's fault, and how could another carry it on? */
#pragma once

#include "commands/run/attempt.h"
#include "core/client/claude_settings.h"

#include <sys/types.h>

/* Before it starts: where the client's transcript ends now. */
off_t judge_begin(const struct session *session);

/* When it has ended: sets its `finding`, and whether it was `served`, from the ending, the evidence
 * and what the transcript got since `offset`, reports it with -v, and sets how the session goes on.
 * A credential that is not the pool's is reported and costs no key; `shield` tells whether one may
 * have been used. */
void judge_end(struct attempt *attempt, off_t offset, const struct shield *shield);
