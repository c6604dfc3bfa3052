/* Claude Code's own record of a session, row by row: what happened in it, in text mode and in
 * interactive sessions too, in a form that quoted text cannot forge (claude-code.md, "Sessions").
 */
#pragma once

#include "core/evidence/message.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stddef.h>

/* Plain data: zeroed, then given its time. Rows are fed in the file's order, from where the run
 * began. */
struct transcript {
    struct reading_time time;
    /* Rows stamped before this are older than the run: a fork of a session copies them. ISO 8601 in
     * UTC as the client writes it, so that text order is time order; "" counts every row. */
    char since[32];
    bool any_row;
    bool work_begun;     /* the model answered or called a tool */
    struct finding last; /* the last answer was this failure; CLASS_NONE if it was none */
    bool unread;         /* memory ran out over a row */
    bool last_was_error; /* …or an error of another kind */
};

void transcript_read_row(struct transcript *transcript, const char *row, size_t length);
