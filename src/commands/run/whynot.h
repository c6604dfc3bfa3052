/* Why a run whose key failed is not carried on, and with -v what would change that. */
#pragma once

#include "commands/run/attempt.h"
#include "commands/run/step.h"

#define WHYNOT_NAMED_MOST 20 /* keys, in one sentence */

enum whynot {
    WHYNOT_NOTHING, /* it is carried on */
    WHYNOT_ASKED_TO_END,
    WHYNOT_CLASS,
    WHYNOT_OUTPUT,
    WHYNOT_TOO_LATE,
    WHYNOT_INPUT_ERROR,
    WHYNOT_INPUT_SIZE,
    WHYNOT_MEMORY,
    WHYNOT_GATEWAY,
    WHYNOT_NO_RESUME,
    WHYNOT_ANSWER,
    WHYNOT_BUSY,
    WHYNOT_PINNED,
    WHYNOT_RETRIES,
    WHYNOT_NONE_LEFT,
    WHYNOT_COUNT
};

/* What keeps any other key from being tried, before one is looked for. */
enum whynot whynot_stopped(const struct session *session, const struct attempt *attempt);

/* Why none was found. */
enum whynot whynot_none_left(const struct step *step);

/* A clause for the message. False, with nothing appended, if there is nothing to report. `attempt`
 * may be NULL for what whynot_stopped does not give. */
bool whynot_append(struct buffer *text, enum whynot why, const struct session *session,
                   const struct attempt *attempt);

/* With -v: what would change it. */
void whynot_explain(enum whynot why, const struct step *step);
