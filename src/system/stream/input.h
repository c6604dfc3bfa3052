/* The command's stdin, in a form that a second attempt can be given again. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <sys/types.h>

/* The most of a pipe's bytes that is kept for another attempt. */
#define INPUT_KEPT_MOST (64 * 1024 * 1024)

enum input_kind {
    INPUT_INHERITED, /* a terminal, a device, nothing: the command has ours */
    INPUT_FILE,      /* a regular file: rewound to where it was */
    INPUT_COPIED     /* a pipe or socket: kept on its way, within a bound */
};

struct input {
    enum input_kind kind;
    off_t start; /* INPUT_FILE: where our offset stood */
    int copy;    /* INPUT_COPIED: what was read so far; -1 before the first byte */
    off_t copied, replayed;
    bool ended;                /* our stdin is at its end */
    bool broken;               /* what the command has to get cannot be given to it */
    int keep_error;            /* positive errno: why it cannot be given again; 0: see overflowed */
    bool overflowed;           /* it cannot be given again: more came than is kept, or keep_error */
    int pipe_write, pipe_read; /* to the command; -1 when closed */
    struct buffer pending;

    /* A pipe's bytes are lent: they stay in ours until the command took them from its own, so that
     * what it leaves is there for the next program, as without us (a `while read` loop). */
    bool lends;
    bool occupied; /* the command's pipe, one page, was not seen empty since it was filled */
    size_t lent;   /* bytes in both pipes */
};

/* Looks at descriptor 0. `replay`: another attempt may want it again. */
void input_init(struct input *input, bool replay);
void input_finish(struct input *input);

/* Which part of it an attempt gets. */
enum input_part {
    INPUT_FIRST, /* as it comes */
    INPUT_AGAIN, /* from where it began, then as it comes */
    INPUT_NONE,  /* an empty one: the prompt says all */
    INPUT_TEXT   /* our own text, then what has not come yet */
};

/* Before each attempt; `text` is for INPUT_TEXT. Sets *ret_stream for spawn_request.streams[0].
 * Returns 0; -EFBIG if it cannot be given again; another negative errno. */
int input_begin(struct input *input, enum input_part part, const char *text, int *ret_stream);

/* Ends the command's input now, whatever may still come: a client that waits for its end before it
 * exits is let go. */
void input_cut(struct input *input);

/* After the spawn: closes our copy of the command's end. */
void input_started(struct input *input);

/* True if descriptor 0 should be polled for reading, or the pipe for writing. */
bool input_wants_read(const struct input *input);
bool input_wants_write(const struct input *input);

/* Moves what goes without waiting. */
void input_pump(struct input *input, bool readable, bool writable);

/* The attempt is over: closes what was open to it. */
void input_end(struct input *input);
