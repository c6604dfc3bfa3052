/* What a run's output says about its credential, line by line: structured results first, then
 * lines that are a known message as a whole. */
#pragma once

#include "core/evidence/message.h"
#include "core/evidence/taught.h"
#include "core/evidence/trigger.h"
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
    struct finding result; /* CLASS_NONE: no result, or not a failure of a key */
    struct finding row;    /* what the last assistant row says, if it was an error's */
    bool window_rejected;  /* a rate_limit_event that named a used-up window */
    struct finding window; /* that window: what, scope, model, until */
    bool served;           /* there was an answer: the client's own words say so */
    bool overage;          /* the provider bills extra usage */
    bool unread; /* memory ran out while reading a line, which may have been a failure of a key */
    bool work_begun;         /* the model answered or called a tool */
    bool last_word;          /* set by the caller: what a stream says at last may be a failure's
                                message, whatever its words. See evidence_read_line */
    struct trigger *trigger; /* large, so the caller's; NULL: every line is read */
    char session_id[EVIDENCE_ID];
    char key_source[EVIDENCE_ID]; /* which credential won, from the init line */
    char model[EVIDENCE_ID];
};

/* What a line means for the lines held back. */
enum line_kind {
    LINE_PLAIN,
    LINE_MARK,   /* belongs to a failure that may be the key's: hold it back until the verdict */
    LINE_GOES_ON /* the client was answered: what was held before was not the run's failure */
};

/* Reads one line, without its line end. With `last_word` every line of stdout that is not a row of
 * the client's own JSON is a mark. */
enum line_kind evidence_read_line(struct evidence *evidence, enum stream_id stream,
                                  const char *line, size_t length);

/* Where the first byte of interest stands in a piece of output; `length` if none does. The lines
 * before the one that it stands in need no reading. */
size_t evidence_seek(struct evidence *evidence, const char *bytes, size_t length);
