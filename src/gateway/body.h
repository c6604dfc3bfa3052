/* A request's body, kept in memory so that it can be sent again: no prompt is written to disk. All
 * bodies together have a limit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BODY_LARGEST   ((size_t)64 << 20)
#define BODIES_LARGEST ((size_t)256 << 20)

/* What all bodies together take. */
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

/* Makes room for an announced length; what comes may be shorter or longer. */
enum body_result body_expect(struct body *body, size_t length);

enum body_result body_append(struct body *body, const char *bytes, size_t length);

/* Frees it early, or again. */
void body_finish(struct body *body);
