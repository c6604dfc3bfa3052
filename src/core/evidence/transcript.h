/* Claude Code's own record of a session, row by row: what happened in it, in text mode and in
 * interactive sessions too, in a form that quoted text cannot forge (claude-code.md, "Sessions").
 */
#pragma once

#include "core/evidence/message.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stddef.h>

#define TRANSCRIPT_ANSWER 256

/* Plain data: zeroed, then given its time. Rows are fed in the file's order, from where the run
 * began. */
struct transcript {
    struct reading_time time;
    /* Rows stamped before this are older than the run: a fork of a session copies them. ISO 8601 in
     * UTC as the client writes it, so that text order is time order; "" counts every row. */
    char since[32];
    bool any_row;
    bool work_begun;      /* the model answered or called a tool */
    struct finding last;  /* the last answer was this failure; CLASS_NONE if it was none */
    struct finding limit; /* the last limit of a plan, though the session may have gone on since */
    bool unread;          /* memory ran out over a row */
    bool last_was_error;  /* …or an error of another kind */
    char
        answer[TRANSCRIPT_ANSWER]; /* how the last answer begins; "" if it was an error or a call */
};

void transcript_read_row(struct transcript *transcript, const char *row, size_t length);

/* What a text is that the client prints at last. */
enum last_word {
    LAST_WORD_UNKNOWN, /* the record does not have it yet */
    LAST_WORD_ANSWER,  /* the model's, as recorded */
    LAST_WORD_FAILURE, /* an error's, whatever its words */
};
enum last_word transcript_last_word(const struct transcript *transcript, const char *text,
                                    size_t length);
