#pragma once

#include "commands/run/session.h"

/* --preflight: checks the keys that a run could use, says what it found, and keeps those found dead
 * from being chosen. Returns 0, or the exit status to end with. */
int preflight(struct session *session);
