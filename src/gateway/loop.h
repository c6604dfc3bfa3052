/* Waiting for descriptors: one epoll, watches, and rounds in which the ready ones are served. Knows
 * nothing of what is done with them. */
#pragma once

#include <stdint.h>

/* One descriptor and who is to be told of it. Its maker owns it, and keeps it where it is while it
 * is watched. */
struct watch {
    int fd;
    uint32_t events; /* EPOLLIN, …; level-triggered */
    void (*ready)(void *context, uint32_t events);
    void *context;
};

#define LOOP_BATCH 128

struct loop {
    int epoll;
    void *batch[LOOP_BATCH]; /* watches that are ready and not served yet; NULL: taken back */
    int batch_count;
};

/* Returns 0 or a negative errno. */
int loop_init(struct loop *loop);
void loop_finish(struct loop *loop);

/* Returns 0 or a negative errno; the watch is not watched then. */
int loop_add(struct loop *loop, struct watch *watch);

/* Asks for other events than before. */
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);

/* No call comes for it any more, of this round neither. To be called before its descriptor is
 * closed; closed ones are forgotten as well. */
void loop_remove(struct loop *loop, struct watch *watch);

/* Waits at most that long (-1: for ever) and serves what is ready. Returns 0, also after a signal;
 * or a negative errno. */
int loop_round(struct loop *loop, int milliseconds);
