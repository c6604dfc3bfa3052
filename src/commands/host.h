/* Prints on stderr what the modules of system report here, and interrupts them when a signal asks
 * to end. */
#pragma once

#include "system/host.h"

extern const struct host command_host;

/* The same, for waiting that Ctrl-Z may stop at any moment: no lock is held then. */
extern const struct host command_host_stoppable;
