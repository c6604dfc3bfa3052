/* A private copy of a key file for an editor: in a folder of its own that only its owner can enter,
 * in memory where there is such a place, so that no token gets to a disk by it. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct draft {
    char *folder, *path;
};

/* Writes the bytes into XDG_RUNTIME_DIR, /dev/shm, TMPDIR or /tmp, the first that takes them; with
 * `in_memory`, only where a disk does not see them. Returns 0; -EINVAL with a sentence in `error`;
 * -ENOMEM. The caller ends *ret_draft with draft_forget or draft_remove in any case. */
int draft_create(const char *bytes, size_t length, bool in_memory, struct buffer *error,
                 struct draft *ret_draft);

/* What stands there now, in guarded memory (secret_free). As files_read. */
int draft_read(const struct draft *draft, size_t most, struct buffer *error, char **ret_bytes,
               size_t *ret_length);

/* Removes the folder and all that the editor left in it. */
void draft_remove(struct draft *draft);

/* Leaves it where it is. */
void draft_forget(struct draft *draft);
