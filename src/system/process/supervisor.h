/* One attempt: starts the command, forwards signals to it, moves its streams, waits for its end. */
#pragma once

#include "core/evidence/verdict.h"
#include "system/process/spawn.h"
#include "system/stream/input.h"
#include "system/stream/relay.h"

#include <stdbool.h>

#define SUPERVISOR_RELAYS 2

struct supervision {
    struct spawn_request spawn;
    struct relay *relays[SUPERVISOR_RELAYS]; /* NULL where the stream is inherited */
    struct input *input;                     /* NULL: inherited */
    int signal_fd;                           /* from signals_take_over */
    /* Called when the command has begun, or could not: what need not come before it costs no time
     * then. May be NULL. */
    void (*started)(void *context);
    /* Called when the command has ended, all it left to be read was, and yet its output goes on,
     * before that is waited for; may be NULL. */
    void (*lingers)(void *context, const struct ending *ending);
    /* Work of the caller's while the command runs, which must not wait: when it is to be done
     * (clock_now_ms; -1: never), and doing it. Both NULL or none. */
    int64_t (*due)(void *context);
    void (*tick)(void *context, int64_t now_ms);
    /* A descriptor of the caller's that is watched as well, asked for in each round (-1: none), and
     * what is done when it can be read, without waiting. Both NULL or none. */
    int (*watched)(void *context);
    void (*readable)(void *context);
    void *context;
};

struct supervised {
    struct ending ending;
    int64_t ended_at;  /* clock_now_ms */
    bool asked_to_end; /* INT, TERM, HUP or QUIT came while it ran: nothing is to follow */
    int ended_by;      /* which of these came after its end: it is ours to die of; 0: none */
    bool told_to_end;  /* we sent it TERM, because it went on after its output had nowhere to go */
    bool input_broken; /* its input could not be handed on whole: it was killed */
    bool exec_failed;
    int error; /* exec's errno, positive */
};

/* Returns 0 with the command ended and its output read to the end (what the filters hold back
 * excepted); or a negative errno if it could not be started because of us. */
int supervisor_run(struct supervision *supervision, struct supervised *ret_result);

/* True if the relays have output that their sinks have not taken yet. */
bool supervisor_is_pending(const struct supervision *supervision);

/* Writes what the relays still have pending, waiting for slow readers; not for long after a
 * command that was asked to end and died of it. Ends early when somebody asks to end. */
void supervisor_flush(struct supervision *supervision, const struct supervised *result);
