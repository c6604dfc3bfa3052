/* Keys by their names, and no more of them than a reader wants: `"a"; "b"; and 3 more`. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct keynames {
    struct buffer *text; /* borrowed */
    const char *between; /* "; " where more is told of each key, which may be long; else ", " */
    size_t most;
    size_t count; /* begins at 0: the keys so far, with those that are not named */
};

/* Appends the name, unless there are too many: then false. */
bool keynames_add(struct keynames *names, const char *name);

/* Behind the last one. */
void keynames_end(const struct keynames *names);
