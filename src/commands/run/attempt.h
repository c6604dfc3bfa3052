/* One attempt of a run: builds what the command gets, supervises it, reads its evidence. */
#pragma once

#include "commands/run/session.h"
#include "core/evidence/gate.h"
#include "core/evidence/mask.h"
#include "system/process/supervisor.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct attempt;

/* One watched stream: what the command writes goes through the gate, and with --mask through the
 * mask, to ours. */
struct attempt_stream {
    struct attempt *attempt;
    struct gate gate;
    struct mask mask; /* without --mask its set is NULL */
    struct relay relay;
};

struct attempt {
    struct session *session;
    struct candidate *candidate;
    bool fast_fail; /* another key could be tried: the client need not be patient */

    struct evidence evidence;
    struct mask_set *mask_set; /* NULL without --mask */
    struct attempt_stream streams[STREAM_COUNT];
    struct supervision plan;
    struct supervised result;
    off_t transcript_offset;      /* where the client's record ended when the attempt began */
    int64_t word_since, word_due; /* lastword's: milliseconds, -1: nothing is waited for */
    bool is_last;                 /* what we inherited is closed: no other attempt can follow */
    bool used_another;            /* the client logged in with a credential not of the pool */
    bool served;                  /* its output or its record shows an answer */
    struct finding waited_out;    /* a limit after which the session went on; CLASS_NONE: none */
    struct finding finding;       /* CLASS_NONE: not the key's affair */
};

/* Runs it. What may be a used-up key's message is held in the gates until attempt_release. Returns
 * 0, or the exit status to end with, after reporting the reason. Ended with attempt_finish either
 * way. */
int attempt_run(struct attempt *attempt);

/* Lets out what is held, or drops it because another attempt follows, and waits until all is
 * written. */
void attempt_release(struct attempt *attempt, bool drop);

/* The errno, positive, because of which its output could not be passed on; 0 if all of it was. A
 * reader that went away is not an error: it wanted no more. */
int attempt_lost(const struct attempt *attempt, enum stream_id id);

void attempt_finish(struct attempt *attempt);
