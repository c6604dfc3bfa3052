/* A command that goes its own way. */
#pragma once

#include "base/buffer.h"

#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

struct host;

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

/* Before detach_run, which does not hear of it: false if the command is empty, /bin/sh cannot read
 * it, or there is no such program; `ret_why` says so ("there is no program ..."). A shell is asked
 * only about what cannot be known without one, for a second at most. True where that fails. */
bool detach_can_run(const char *command, char *const *environment, const struct host *host,
                    struct buffer *ret_why);
