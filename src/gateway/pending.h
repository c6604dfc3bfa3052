/* Bytes of an answer between the provider and the client: limited, so that a slow reader slows the
 * provider instead of filling memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Above HIGH the provider's answer is no longer read; below LOW it is read again. */
#define PENDING_HIGH ((size_t)240 << 10)
#define PENDING_LOW  ((size_t)64 << 10)

struct pending {
    char *bytes;
    size_t start, length, room; /* `length` bytes from `start` */
};

/* False if out of memory: nothing was taken. */
bool pending_append(struct pending *pending, const char *bytes, size_t length);

/* Takes at most `most` bytes from the front; returns how many. When it is empty, its memory is
 * freed. */
size_t pending_take(struct pending *pending, char *to, size_t most);

static inline const char *pending_bytes(const struct pending *pending)
{
    return pending->bytes + pending->start;
}

void pending_finish(struct pending *pending);
