/* Running a program on a terminal of ours, between it and a person: what it writes is seen first,
 * and what the person types goes to it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct onterminal_request {
    char *const *argv; /* [0] is a path */
    char *const *environment;
    int64_t limit_ms; /* how long it may take */
    /* Takes what it writes. */
    void (*output)(void *context, const char *bytes, size_t length);
    void *context;
};

/* The terminal is so wide that nothing is broken into lines. Returns 0 with waitpid's status;
 * -ETIMEDOUT; -EINTR for a signal that asks to end, which comes when the caller returns from here;
 * another negative errno if it could not be started. The person's terminal is as it was, and the
 * program gone, in any case. */
int onterminal_run(const struct onterminal_request *request, int *ret_status);
