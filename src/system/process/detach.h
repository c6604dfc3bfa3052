/* A command that goes its own way. */
#pragma once

#include <spawn.h>
#include <sys/types.h>

struct detach_plan {
    const char *path;
    char *const *argv, *const *environment;
    /* Adds its streams to initialised actions; returns 0 or an error's number. */
    int (*arrange)(posix_spawn_file_actions_t *actions, const void *context);
    const void *context;
};

/* Starts a child of ours in a session of its own, with signals as a program expects them, whatever
 * we took over. Returns 0, or a negative errno: exec's, too. */
int detach_start(const struct detach_plan *plan, pid_t *ret_pid);

/* Runs it with /bin/sh in a session of its own, with /dev/null for its streams, and does not wait
 * for it: it is not a child of ours. Returns 0, or a negative errno if the shell could not be
 * started. */
int detach_run(const char *command, char *const *environment);
