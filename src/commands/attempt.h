/* One attempt of a run: builds what the command gets, supervises it, reads its evidence. */
#pragma once

#include "commands/session.h"
#include "core/claude_settings.h"
#include "core/environment.h"
#include "core/gate.h"
#include "core/mask.h"
#include "system/supervisor.h"

#include <stdbool.h>

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
    bool is_last;           /* what we inherited is closed: no other attempt can follow */
    struct finding finding; /* CLASS_NONE: not the key's affair */
};

/* Runs it. What may be a used-up key's message is held in the gates until attempt_release. Returns
 * 0, or the exit status to end with, the reason said. Ended with attempt_finish either way. */
int attempt_run(struct attempt *attempt);

/* Lets out what is held, or drops it because another attempt follows, and waits until all is
 * written. */
void attempt_release(struct attempt *attempt, bool drop);

/* The errno, positive, for which what it wrote to a stream could not be passed on; 0 if all was. A
 * reader that went away is none: it wanted no more. */
int attempt_lost(const struct attempt *attempt, enum stream_id id);

void attempt_finish(struct attempt *attempt);

/* What `attempt_run` would hand over, for explain: the arguments, the environment, and how the
 * secret goes. */
struct handover {
    char **argv;
    struct environment environment;
    struct shield shield;
    struct settings_source own; /* the user's --settings, read */
    int secret_fd;              /* -1: in the variable */
    char *settings_path;        /* a file of ours that --settings names; NULL: none, or in argv */
};

/* For the keys of all slots; `candidate` is the lead's, the one that the client logs in with and
 * that can go on a descriptor. Returns 0, or the exit status to end with, the reason said. Ended
 * with handover_finish either way. */
int handover_build(struct session *session, struct candidate *candidate, bool fast_fail,
                   struct handover *ret_handover);
void handover_finish(struct handover *handover);
