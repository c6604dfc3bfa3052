/* Waits for descriptors: watches, and rounds that serve the ready ones. It does not know what they
 * are for. loop_linux.c waits with epoll, loop_portable.c with poll. */
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/* The other side of a connection sends no more. */
#ifdef POLLRDHUP
#define LOOP_GONE POLLRDHUP
#else
#define LOOP_GONE POLLHUP
#endif

/* One descriptor and whom to tell when it is ready. Whoever made it owns it, and may not move it
 * while it is watched. */
struct watch {
    int fd;
    uint32_t events; /* POLLIN, …; level-triggered */
    void (*ready)(void *context, uint32_t events);
    void *context;
};

#define LOOP_BATCH   128
#define LOOP_SOURCES 8 /* a server, and one for each certificate with open connections */

/* For loop_portable.c alone: descriptors that somebody else waits for and that change from round to
 * round. `gather` writes at most `most` of them and returns how many there are. */
struct loop_source {
    size_t (*gather)(void *asked, struct pollfd *slots, size_t most);
    void *asked;
    const struct watch *watch; /* whom to tell */
};

struct loop {
    int epoll;
    /* For loop_portable.c: what is watched (NULL: no more), and what poll is given. */
    struct watch **watches;
    struct pollfd *slots;
    size_t count, room, slot_room;
    struct loop_source sources[LOOP_SOURCES];
    size_t source_count;
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
