/* Starting tcr-gateway: where it is, and how it is cut loose from the terminal. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* The program's path: beside our own (a build folder), below the prefix that we stand in, or where
 * it was installed to. Freed by the caller; NULL with errno ENOENT if it is in none of them. */
char *gateway_program_find(void);

/* The other way round, for the gateway: the tcr-run beside it, that of its prefix, or the one in
 * PATH. Freed by the caller; NULL if there is none. */
char *launcher_program_find(void);

#define GATEWAY_PROGRAM_PASSED 6

struct gateway_start {
    char *const *argv;
    char *const *environment;
    int passed[GATEWAY_PROGRAM_PASSED]; /* descriptors that it keeps, by their number */
    size_t passed_count;
    int errors; /* its stderr; stdin and stdout are /dev/null */
};

/* Starts it in a session of its own, so that Ctrl-C and the end of a terminal do not reach it, with
 * default signals. Returns 0, or a negative errno: exec's, too. */
int gateway_program_start(const struct gateway_start *start, pid_t *ret_pid);
