/* A command that goes its own way. */
#pragma once

/* Runs it with /bin/sh in a session of its own, with /dev/null for its streams, and does not wait
 * for it: it is no child of ours. Returns 0, or a negative errno if the shell could not be
 * started. */
int detach_run(const char *command, char *const *environment);
