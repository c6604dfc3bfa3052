/* Reading events.jsonl while others write and rotate it. */
#pragma once

#include "base/buffer.h"
#include "system/host.h"

#include <stdbool.h>
#include <stddef.h>

struct eventfile {
    const struct host *host;
    char *path, *old_path;
    bool begun;
    int fd;               /* of the file at `path`; -1: there is none (yet) */
    struct buffer unread; /* the beginning of a line */
};

/* The host is borrowed. Returns 0 or -ENOMEM. */
int eventfile_init(struct eventfile *file, const char *path, const struct host *host);
void eventfile_finish(struct eventfile *file);

/* Gives the lines (without their newline) that came since the last call, at first all there are,
 * the older file's before; one of these that cannot be read is reported, and left out. Returns 0;
 * -ENOENT if there is no file, which may come; -EINVAL if it is not a file; another negative errno.
 */
int eventfile_read(struct eventfile *file,
                   void (*take)(void *context, const char *line, size_t length), void *context);
