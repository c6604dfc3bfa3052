/* Asking the providers of some keys whether they take them, and noting in the state what they said,
 * as a run's failure would be. */
#pragma once

#include "commands/run/session.h"
#include "core/evidence/answer.h"
#include "core/evidence/probe.h"
#include "system/net/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_SECONDS 10 /* that a provider may take, unless told otherwise */

struct check {
    struct candidate *candidate; /* the caller's choice */
    /* Filled: */
    struct meaning meaning;
    const char *token; /* in the keyring's store; NULL: there is none to ask with */
    struct probe probe;
    int status; /* of HTTP; 0: no answer */
    int64_t milliseconds;
    int64_t until;        /* when the key can be used again; 0: now, or that is not known */
    struct buffer reason; /* in one line why it is not valid; never holds the token */
};

struct check_round {
    struct session *session; /* of which the pool and the environment are used */
    struct slot *slot;       /* the keys are asked about for it; NULL: for nothing in particular */
    struct check *checks;
    size_t count;
    int64_t seconds;
    bool failed; /* no memory to record what was found */
};

/* A check for each candidate that `wants` asks for; -ENOMEM, or 0. Ended with check_finish either
 * way. */
int check_init(struct check_round *round, struct session *session,
               bool (*wants)(const struct candidate *, const void *), const void *context);
void check_finish(struct check_round *round);

/* Gets the secrets (token commands run), asks, reads and records. Returns 0; -EINTR if a signal
 * asks to end; EXIT_OWN_FAILURE after saying why nothing could be asked. */
int check_run(struct check_round *round);
