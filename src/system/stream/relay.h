/* One output stream of the command on its way to ours. What passes and when is a filter's business;
 * this module only moves bytes, never blocks, and keeps a bounded amount of them. */
#pragma once

#include "base/buffer.h"
#include "system/stream/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum relay_kind {
    RELAY_PIPE,     /* normal backpressure */
    RELAY_TERMINAL, /* a pseudo-terminal, where ours is a terminal */
    RELAY_SPOOL /* a file of our own: takes everything at once, so that a program that exits with
                   writes still queued loses none; also where ours is a file */
};

/* What stands between source and target; all optional but feed. Times in milliseconds of the
 * monotonic clock. */
struct relay_filter {
    void (*feed)(void *context, const char *bytes, size_t length, int64_t now_ms);
    void (*end)(void *context);
    int64_t (*deadline)(const void *context); /* -1: none */
    void (*tick)(void *context, int64_t now_ms);
    void *context;
};

struct relay {
    enum relay_kind kind;
    int source;    /* what we read; -1 once it has ended */
    int child_end; /* what the command writes to; closed by relay_started */
    bool watched;  /* RELAY_SPOOL: the system tells that it grew */
    bool behind;   /* there may be more than was read: nothing tells of that again */
    int64_t opened_ms;
    int like;     /* RELAY_TERMINAL: our own terminal, for its size */
    int writable; /* RELAY_SPOOL: the command's end, kept to give back what was relayed; or -1 */
    off_t position, freed;
    off_t owed; /* what stood in the source when the command ended and was not read yet */
    struct sink sink;
    struct buffer pending; /* passed by the filter, not yet taken by the sink */
    int error;             /* negative errno of the sink; 0 while it works */
    bool may_lose;         /* stderr: a full disk below it is no reason to end the command */
    struct relay_filter filter;
};

/* Makes the channel whose output goes to our descriptor `target`. Returns 0 or a negative errno
 * with nothing left open. */
int relay_open(struct relay *relay, enum relay_kind kind, int target,
               const struct relay_filter *filter);

/* After the spawn: closes our copy of the command's end, but that of a spool. */
void relay_started(struct relay *relay);
void relay_close(struct relay *relay);

/* For the filter: sends bytes on, or keeps them until the sink takes them. */
void relay_emit(struct relay *relay, const char *bytes, size_t length);

/* True if there is room for more of the source. */
bool relay_wants_input(const struct relay *relay);

/* Nobody reads ours any more, though nothing was written to find that out. */
void relay_note_gone(struct relay *relay);

/* True once there is no sense in reading on: nobody reads ours, or it can no longer be written and
 * its loss is not to be borne. What comes to a lost sink otherwise is read and dropped. */
bool relay_is_broken(const struct relay *relay);

/* Reads what is there. Returns the number of bytes, 0 if nothing was, -EPIPE once the source has
 * ended or the relay is broken. */
ssize_t relay_pump(struct relay *relay, int64_t now_ms);

/* Writes what is pending, as far as it goes now. */
void relay_push(struct relay *relay);

/* What to poll for input; -1 if nothing tells, see relay_next_look. */
int relay_poll_fd(const struct relay *relay);

/* When a spool has to be looked at because nothing will tell of what is in it; -1 for every other
 * source. A young one is looked at often, an older one is watched by the system. */
int64_t relay_next_look(struct relay *relay, int64_t now_ms);

/* False if it is certain that nobody can write to the source any more: the command has ended and no
 * descendant kept its stream. */
bool relay_may_grow(struct relay *relay);

/* The command has ended: notes what it left to be read. */
void relay_note_end(struct relay *relay);

/* No more will come, or be taken: closes the source, tells the filter. */
void relay_end(struct relay *relay);

/* Nobody reads the spool any more: whoever goes on writing to it, the command's children too, gets
 * EFBIG instead of filling the disk unseen. */
void relay_shut(struct relay *relay);
