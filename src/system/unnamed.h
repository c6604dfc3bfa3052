/* Files of mode 0600 that no folder shows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct unnamed {
    int fd;
    /* Further openings, on request: one to read, one to write with `append` (O_APPEND or 0). */
    bool is_spool;
    int append, reader, writer;
};

/* Makes one in the folder; NULL: in memory. Sets its descriptors, which are the caller's to close;
 * on failure a negative errno, with nothing left open. */
int unnamed_make(const char *folder, struct unnamed *file);

/* The path by which it can be opened again, as long as the descriptor is open; for one in memory.
 */
void unnamed_path(int fd, char *ret_path, size_t size);
