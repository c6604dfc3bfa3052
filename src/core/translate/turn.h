/* One answer while it passes: what a reader saw, in whatever order, becomes one block after the
 * other. Decides what is legal to write next; all else is refused as one error. */
#pragma once

#include "core/translate/writer.h"

/* Calls in one answer, and bytes of calls that wait for another to end. */
#define TURN_CALLS  128
#define TURN_BUFFER (16u << 20)

struct turn_call {
    int64_t key;    /* the index that its format gives it */
    bool is_named;  /* has an id and a name */
    bool has_ended; /* its arguments are whole */
    bool is_closed; /* written, or dropped */
    struct buffer id, name, arguments;
    size_t received; /* bytes of the arguments so far … */
    uint32_t hash;   /* … and a hash of them */
};

struct turn {
    struct writer writer;
    bool has_started, has_ended, has_failed;
    bool has_output; /* something other than an error was written */
    enum piece open;
    struct turn_call *call; /* that is open; NULL: none */
    struct turn_call calls[TURN_CALLS];
    size_t count, written; /* of calls; written ones */
    size_t waiting;        /* bytes */
    enum stop stop;
    struct translated_usage tokens;
    char notes[TRANSLATION_NOTES]; /* as in struct translation */
    char fault_type[40];           /* of the one error; "" if there was none */
    char fault_text[TRANSLATION_TEXT];
};

void turn_finish(struct turn *turn);

/* The answer has begun; repeated calls do nothing. */
void turn_begin(struct turn *turn);

/* More of a text or of thinking; an empty one does nothing. */
void turn_text(struct turn *turn, enum piece piece, struct part inside);

/* What is known of a call: an id or a name may be empty. Another id under the same key is another
 * call. */
void turn_call(struct turn *turn, int64_t key, struct part id, struct part name);
void turn_arguments(struct turn *turn, int64_t key, struct part inside);

/* The call is whole. `inside` is all of its arguments, or empty: what did not come before is added.
 */
void turn_call_done(struct turn *turn, int64_t key, struct part inside);

/* Ends the open block that is a text or thinking. */
void turn_block_done(struct turn *turn);

/* Ends the answer: with an error if no reason to stop is known. */
void turn_end(struct turn *turn);
void turn_fail(struct turn *turn, const char *type, const char *message);
void turn_ping(struct turn *turn);

/* Something came that the other format does not have: "event.response.unheard_of". */
void turn_note(struct turn *turn, const char *where, struct part name);
