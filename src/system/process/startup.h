/* What has to be put right before anything else is opened or read. */
#pragma once

#include <stdbool.h>

/* Opens /dev/null on those of 0, 1, 2 that are closed, so that no key or state file lands there;
 * makes the process neither dumpable nor traceable; sets up cJSON; forgets the gateway of a run
 * that this one was started in: it has its own keys. Returns NULL, or a sentence why this program
 * must not run (setuid). */
const char *startup_prepare(void);

/* True if this descriptor was closed when we started: the command finds it closed too. */
bool startup_was_closed(int fd);

/* Closes what we inherited beyond 0, 1, 2: once no command will be started any more, a pipe that
 * somebody waits on must not stay open because we are still writing output. */
void startup_drop_inherited(void);
