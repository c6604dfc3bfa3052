/* From exit status and evidence to one answer: was it the key, and what does it cost? */
#pragma once

#include "core/evidence/evidence.h"
#include "core/evidence/transcript.h"
#include "core/pool/failure.h"

#include <stdbool.h>

/* How the command ended. */
struct ending {
    bool by_signal;
    int code; /* exit status, or the signal's number */
};

/* Structured evidence beats wording: an error result, then the transcript (may be NULL), then
 * markers and messages, then --exit-class (`taught` may be NULL). Text counts only with a non-zero
 * exit; a structured error counts always, since newer clients exit 0 with it. A command that a
 * signal ended failed of the signal. CLASS_NONE: the command's own affair. A finding about the
 * model in use has its name if the evidence has it, else "". */
struct finding verdict_find(const struct ending *ending, const struct evidence *evidence,
                            const struct transcript *transcript, const struct taught *taught);
