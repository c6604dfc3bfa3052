#include "gateway/pending.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST 1024 /* some events of a stream; an empty one keeps no more than that */

bool pending_append(struct pending *pending, const char *bytes, size_t length)
{
    size_t needed = pending->length + length;
    if (pending->start + needed > pending->room && pending->start > 0) {
        memmove(pending->bytes, pending->bytes + pending->start, pending->length);
        pending->start = 0;
    }
    if (needed > pending->room) {
        size_t room = pending->room < SMALLEST ? SMALLEST : pending->room * 2;
        room = room < needed ? needed : room;
        char *grown = realloc(pending->bytes, room);
        if (!grown)
            return false;
        pending->bytes = grown;
        pending->room = room;
    }
    memcpy(pending->bytes + pending->start + pending->length, bytes, length);
    pending->length = needed;
    return true;
}

size_t pending_take(struct pending *pending, char *to, size_t most)
{
    size_t taken = pending->length < most ? pending->length : most;
    if (taken == 0)
        return 0;
    memcpy(to, pending->bytes + pending->start, taken);
    pending->start += taken;
    pending->length -= taken;
    if (pending->length == 0) {
        pending->start = 0;
        if (pending->room > SMALLEST)
            pending_finish(pending);
    }
    return taken;
}

void pending_finish(struct pending *pending)
{
    free(pending->bytes);
    *pending = (struct pending){0};
}
