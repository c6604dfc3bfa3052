#include "gateway/body.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST 4096

static enum body_result grow(struct body *body, size_t room)
{
    size_t more = room - body->room;
    if (room > BODY_LARGEST)
        return BODY_TOO_LARGE;
    if (more > BODIES_LARGEST - body->bodies->held)
        return BODY_NO_ROOM;
    char *bytes = realloc(body->bytes, room);
    if (!bytes)
        return BODY_NO_ROOM;
    body->bytes = bytes;
    body->room = room;
    body->bodies->held += more;
    return BODY_KEPT;
}

enum body_result body_expect(struct body *body, size_t length)
{
    return length > body->room ? grow(body, length) : BODY_KEPT;
}

enum body_result body_append(struct body *body, const char *bytes, size_t length)
{
    if (length > BODY_LARGEST - body->length)
        return BODY_TOO_LARGE;
    size_t needed = body->length + length;
    if (needed > body->room) {
        size_t doubled = body->room < SMALLEST / 2 ? SMALLEST : body->room * 2;
        size_t room = needed > doubled ? needed : doubled < BODY_LARGEST ? doubled : BODY_LARGEST;
        enum body_result result = grow(body, room);
        if (result != BODY_KEPT)
            return result;
    }
    memcpy(body->bytes + body->length, bytes, length);
    body->length = needed;
    return BODY_KEPT;
}

void body_finish(struct body *body)
{
    if (body->bodies)
        body->bodies->held -= body->room;
    free(body->bytes);
    body->bytes = NULL;
    body->length = body->room = 0;
}
