/* The locks that Claude Code takes on a folder of its configuration, taken in its order and with
 * its numbers, so that it and tcr-run keep out of each other's way. Each is a folder that only one
 * process can make; its holder touches it every few seconds, and one that was not touched for a
 * while was left by a process that was killed, and may be taken over. tcr-runs also lock the folder
 * itself: among them the one that was killed needs no such waiting. */
#pragma once

#include "base/buffer.h"
#include "system/fileid.h"

#include <stdbool.h>
#include <stdint.h>

#define CLAUDE_LOCK_MOST 2

struct claude_lock {
    int folder_fd; /* -1: not held */
    struct claude_lock_part {
        char *path;         /* NULL: not held */
        struct fileid made; /* as it was last touched */
    } parts[CLAUDE_LOCK_MOST];
    int64_t ticked; /* clock_now_ms */
};

/* The lock under which logins are renewed. `folder` is a path without symbolic links. Returns 0;
 * -EBUSY if others hold it for `most_ms`; another negative errno, with a sentence in `error`. */
int claude_lock_refresh(const char *folder, int64_t most_ms, struct claude_lock *ret_lock,
                        struct buffer *error);

/* The one under which the file of tokens is written; held for moments only. */
int claude_lock_storage(const char *folder, struct claude_lock *ret_lock, struct buffer *error);

/* To be called several times a second while it is held for longer. */
void claude_lock_tick(struct claude_lock *lock);

/* False if another has taken it over, as after a machine that slept. */
bool claude_lock_is_held(const struct claude_lock *lock);

/* Also for one that is not held. */
void claude_lock_release(struct claude_lock *lock);
