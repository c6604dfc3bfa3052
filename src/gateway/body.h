/* A request's body, kept in memory so that it can be sent again: prompts touch no disk. All bodies
 * together are bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BODY_LARGEST   ((size_t)64 << 20)
#define BODIES_LARGEST ((size_t)256 << 20)

/* What all bodies take. */
struct bodies {
    size_t held;
};

struct body {
    struct bodies *bodies;
    char *bytes;
    size_t length, room;
};

enum body_result {
    BODY_KEPT,
    BODY_TOO_LARGE, /* more than BODY_LARGEST */
    BODY_NO_ROOM,   /* all together more than BODIES_LARGEST, or out of memory */
};

/* Makes room for a length that was announced; what comes may be less or more. */
enum body_result body_expect(struct body *body, size_t length);

enum body_result body_append(struct body *body, const char *bytes, size_t length);

/* Frees it early, or again. */
void body_finish(struct body *body);
