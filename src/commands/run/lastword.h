/* In text mode Claude Code prints one text, at its end: the answer, or what its request failed of,
 * in whatever words. Its record of the session tells which. So that text waits until the record has
 * it, and a failure's waits for the verdict: nothing of it is shown where another attempt follows.
 */
#pragma once

#include "commands/run/attempt.h"

#include <stdint.h>

/* Sets the attempt's evidence up for it, where another attempt may follow and there is a record. */
void lastword_begin(struct attempt *attempt);

/* To be called after stdout was read, and when it is due: looks into the record. Times are in
 * milliseconds of the monotonic clock. */
void lastword_look(struct attempt *attempt, int64_t now_ms);

/* When it wants to look again, or -1. */
int64_t lastword_due(const struct attempt *attempt);
