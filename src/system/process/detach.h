/* A command that goes its own way. */
#pragma once

#include <spawn.h>

/* Sets, in initialised attributes, a session of its own and signals as a program expects them,
 * whatever we took over. Returns 0 or an error's number. */
int detach_attributes(posix_spawnattr_t *attributes);

/* Runs it with /bin/sh in a session of its own, with /dev/null for its streams, and does not wait
 * for it: it is not a child of ours. Returns 0, or a negative errno if the shell could not be
 * started. */
int detach_run(const char *command, char *const *environment);
