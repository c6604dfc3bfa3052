/* Server-sent events, whole: bytes in, split anywhere, one event after the other out. Only the
 * event that is being read is kept (eventstream.h reads along without keeping any). */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* No provider's event comes near this; a longer one ends the stream. */
#define SSE_EVENT_MOST (16u << 20)

struct sse {
    /* Called with the event's data, which a NUL follows; the name is "" if there is none. */
    void (*event)(void *context, const char *name, const char *data, size_t length);
    /* A comment, which says that the sender is alive; may be NULL. */
    void (*comment)(void *context);
    void *context;

    /* the reader's own: */
    struct buffer data;
    char name[64], field[8];
    size_t name_length, field_length, mark;
    int part;
    bool has_data, after_cr, is_too_long;
};

/* A reader of zeroes with its callbacks set is ready. */
void sse_finish(struct sse *sse);

/* False if an event was too long or there is no memory: nothing more is read then. */
bool sse_feed(struct sse *sse, const char *bytes, size_t length);

/* At the end: an event without its empty line counts. */
bool sse_end(struct sse *sse);
