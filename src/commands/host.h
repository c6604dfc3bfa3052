/* What the modules of system report here is said on stderr, and a signal that asks to end
 * interrupts them. */
#pragma once

#include "system/host.h"

extern const struct host command_host;

/* The same, for waiting that Ctrl-Z may stop at any moment: no lock is held then. */
extern const struct host command_host_stoppable;
