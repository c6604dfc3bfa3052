/* Running a program for what it prints. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct host;

struct capture_request {
    char *const *argv;
    char *const *environment; /* it gets this one without what holds keys */
    int64_t limit_ms;         /* how long it may take; Ctrl-Z starts that again */
    int errors;               /* for its stderr; -1: ours */
    const struct host *host;  /* asked whether to give up, and to stop */
};

/* Runs it with no input and reads its stdout, fewer than `size` bytes. Returns 0 with the
 * length and waitpid's status once it has ended; -ETIMEDOUT; -EFBIG; -EINTR if the host was
 * interrupted; another negative errno if it could not be started. It is gone in any case: told
 * to end (by the signal that interrupted the host), and killed if it does not. */
int capture_run(const struct capture_request *request, char *ret_bytes, size_t size,
                size_t *ret_length, int *ret_status);
