/* One output stream on its way out: lines go on as soon as they are read, a mark and what follows
 * it wait for the verdict (design.md, "Output"). Knows no descriptor: bytes leave through a
 * callback. */
#pragma once

#include "base/buffer.h"
#include "core/evidence/evidence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_LINE_LONGEST 65536 /* a longer line is passed on unread */
#define GATE_HELD_MOST    65536 /* more than this after a mark: the run goes on; release it */
#define GATE_JSON_LONGEST (8 * 1024 * 1024) /* of a client's JSON, which can be one long line */
#define GATE_PARTIAL_MS   100   /* how long the beginning of a possible mark waits for its end */
#define GATE_HELD_MS      10000 /* how long a mark waits for the end of the run */

typedef void gate_sink(void *context, const char *bytes, size_t length);

struct gate {
    struct evidence *evidence;
    enum stream_id stream;
    gate_sink *sink;
    void *context;
    struct buffer line; /* the line being read, while it may matter */
    size_t line_passed; /* bytes of it that went on already */
    bool line_unread;   /* the rest of this line does not matter */
    struct buffer held;
    bool holding, opened;           /* opened: held too much or too long; never holds again */
    int64_t line_since, held_since; /* milliseconds of the caller's clock */
};

void gate_init(struct gate *gate, struct evidence *evidence, enum stream_id stream, gate_sink *sink,
               void *context);
void gate_finish(struct gate *gate);

/* Takes what was read. `now_ms` is any clock that only goes forward. */
void gate_feed(struct gate *gate, const char *bytes, size_t length, int64_t now_ms);

/* When gate_tick wants to be called next, or -1. */
int64_t gate_deadline(const struct gate *gate);
void gate_tick(struct gate *gate, int64_t now_ms);

/* The stream has ended: reads the last line even without its line end. What is held stays held. */
void gate_end(struct gate *gate);

/* Lets out what is held, or drops it. */
void gate_release(struct gate *gate, bool drop);
