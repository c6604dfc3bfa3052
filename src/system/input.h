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
    INPUT_COPIED     /* a pipe or socket: copied on its way, within a bound */
};

struct input {
    enum input_kind kind;
    off_t start; /* INPUT_FILE: where our offset stood */
    int copy;    /* INPUT_COPIED: what was read so far; -1 before the first byte */
    off_t copied, replayed;
    bool ended;                /* our stdin is at its end */
    bool overflowed;           /* more came than is kept: it cannot be given again */
    int pipe_write, pipe_read; /* to the command; -1 when closed */
    struct buffer pending;
};

/* Looks at descriptor 0. `replay`: another attempt may want it again. */
void input_init(struct input *input, bool replay);
void input_finish(struct input *input);

/* Before each attempt. `empty`: the command gets none of it (its prompt says all). Sets *ret_stream
 * for spawn_request.streams[0]. Returns 0; -EFBIG if it cannot be given again; another negative
 * errno. */
int input_begin(struct input *input, bool first, bool empty, int *ret_stream);

/* After the spawn: closes our copy of the command's end. */
void input_started(struct input *input);

/* True if descriptor 0 should be polled for reading, or the pipe for writing. */
bool input_wants_read(const struct input *input);
bool input_wants_write(const struct input *input);

/* Moves what goes without waiting. */
void input_pump(struct input *input, bool readable, bool writable);

/* The attempt is over: closes what was open to it. */
void input_end(struct input *input);
