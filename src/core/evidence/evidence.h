/* What a run's output says about its credential, line by line: structured results first, then
 * lines that are a known message as a whole. */
#pragma once

#include "core/evidence/message.h"
#include "core/evidence/taught.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stream_id { STREAM_OUT, STREAM_ERR, STREAM_COUNT };

#define EVIDENCE_ID 80

/* What one attempt printed, as far as it matters. Plain data: zeroed, then given its first two
 * members. */
struct evidence {
    struct reading_time time;
    const struct taught *taught; /* may be NULL */
    struct {
        struct finding finding; /* CLASS_NONE: no message stands on this stream */
        bool chained;
    } text[STREAM_COUNT];
    bool result_seen; /* Claude Code's result object */
    bool result_is_error;
    struct finding result; /* CLASS_NONE: no result, or no failure of a key */
    bool window_rejected;  /* a rate_limit_event that named a used-up window */
    struct finding window; /* that window: what, scope, model, until */
    bool overage;          /* the provider bills extra usage */
    bool unread;           /* memory ran out over a line: it may have been a failure of a key */
    bool work_begun;       /* the model answered or called a tool */
    char session_id[EVIDENCE_ID];
    char key_source[EVIDENCE_ID]; /* which credential won, from the init line */
    char model[EVIDENCE_ID];
};

/* Reads one line, without its line end. True if it is a mark: a line that belongs to a used-up
 * key's failure, to be held back until the verdict. */
bool evidence_read_line(struct evidence *evidence, enum stream_id stream, const char *line,
                        size_t length);

/* True unless a line that begins with these bytes can neither be a mark nor change what an earlier
 * one means: then it needs no reading. */
bool evidence_wants_line(const struct evidence *evidence, enum stream_id stream, const char *bytes,
                         size_t length);
