/* Processes as leases name them. */
#pragma once

#include "core/state/state.h"

#include <stdbool.h>

/* This process. Fields that the system does not tell are 0 or "". */
struct owner process_self(void);

/* False if the lease's process is certainly gone: another boot, or no process of that pid and start
 * time. One in another pid namespace cannot be looked up: it counts as alive for a day. One that
 * was stopped holds its key, but not its place in the queue: nobody is to wait for a forgotten
 * Ctrl-Z. */
bool process_holds(const struct lease *lease);

/* True if this is a process of our machine and pid namespace that is certainly gone, or stopped if
 * it waits. Of others nothing can be seen. */
bool process_is_gone(const struct owner *owner, bool waits);
