/* What the files to_openai*.c share about a turn that is put together. */
#pragma once

#include "core/translate/request_parts.h"

#define CALLS_MOST   256
#define RESPONSES(t) ((t)->provider == FORMAT_RESPONSES)

/* One turn while it is put together: what stands in one message there may become several here. */
struct open_turn {
    struct translation *translation;
    struct buffer *out;            /* items of the array of messages */
    struct buffer parts;           /* of the user's message */
    size_t count;                  /* of the parts */
    struct part only;              /* the inside of the one part, if that is a text */
    struct part calls[CALLS_MOST]; /* ids of the last assistant's calls that have no result yet */
    size_t calls_count;
};

/* Notes the members of a block that nobody translates. */
void openai_note_others(struct open_turn *turn, struct part block);

/* A text, given as the inside of a string, as a part; `out` is an array's inside, as below. */
void openai_add_text(struct open_turn *turn, struct buffer *out, struct part inside);

/* A part of what a user, or a tool, says. */
void openai_add_part(struct open_turn *turn, struct buffer *out, struct part block);

/* The member that names a call; `id` as the client gave it. */
void openai_add_call_id(struct open_turn *turn, struct buffer *out, struct part id);

/* The result of a call: all of it, or its beginning up to the value of its content. */
void openai_add_result(struct open_turn *turn, struct part block, struct part id);
void openai_begin_result(struct open_turn *turn, struct part id);

/* A result of no call of the turn before would be refused; its text is not lost for that. */
void openai_add_stray(struct open_turn *turn, struct part block);
