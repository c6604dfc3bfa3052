/* Starting a command: fork, exec, and the exact reason if exec failed. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define SPAWN_PASSED 4

/* What the child gets. The descriptors stay the caller's. */
struct spawn_request {
    char *const *argv;
    char *const *environment; /* PATH is searched in this one */
    int streams[3];           /* for 0, 1, 2; -1: as we have it; SPAWN_CLOSED: closed */
    int passed[SPAWN_PASSED]; /* close-on-exec descriptors that it may keep, by their number */
    size_t passed_count;
};
#define SPAWN_CLOSED (-2)

/* Starts it in our process group and session, with the signal mask and dispositions we were given,
 * to be killed if we die first. Returns 0 with *ret_pid running the command; or a negative errno:
 * with *ret_exec_failed the exec's (the child is gone already), else fork's or pipe's own. */
int spawn_start(const struct spawn_request *request, pid_t *ret_pid, bool *ret_exec_failed);

/* As waitpid, for what was started here: it must be known when its number is free again. Whoever
 * waits for it another way calls lifeline_release. */
pid_t spawn_wait(pid_t pid, int *ret_status, int flags);
