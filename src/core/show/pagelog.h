/* The log of events for the page: the newest lines first, a part of them at a time. */
#pragma once

#include "base/buffer.h"
#include "core/evidence/resettime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGELOG_MOST 1000
#define PAGELOG_ID   48

/* Where a line begins: in which file, and at which of its bytes. It names the line, also when the
 * file has been renamed and others have been added. */
struct pagelog_id {
    uint64_t file;
    uint64_t offset;
};

bool pagelog_parse_id(const char *text, struct pagelog_id *ret_id);

struct pagelog {
    size_t limit; /* lines that are wanted */
    const struct zone_ops *zones;
    size_t count;
    bool more;           /* there are older ones */
    struct buffer lines; /* JSON objects, with commas between them */
};

/* Takes the lines of a file's first `length` bytes, from the last one back. True if the limit was
 * reached: then no older file has to be read, but to see whether it has lines. */
bool pagelog_take(struct pagelog *log, uint64_t file, const char *bytes, size_t length);
