/* Waits for descriptors: one epoll, watches, and rounds that serve the ready ones. It does not know
 * what they are for. */
#pragma once

#include <stdint.h>

/* One descriptor and whom to tell when it is ready. Whoever made it owns it, and may not move it
 * while it is watched. */
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

/* Returns 0, or a negative errno: then it is not watched. */
int loop_add(struct loop *loop, struct watch *watch);

/* Changes the events that it waits for. */
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);

/* It gets no more calls, not even in this round. Call it before closing the descriptor. */
void loop_remove(struct loop *loop, struct watch *watch);

/* Waits at most that long (-1: without limit) and serves what is ready. Returns 0, also after a
 * signal; or a negative errno. */
int loop_round(struct loop *loop, int milliseconds);
