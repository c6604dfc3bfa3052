/* Deadlines, the soonest first. Nothing is allocated: a timer is part of what waits for it. The
 * time is a parameter: milliseconds of a clock that never steps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct timer {
    int64_t at;
    void (*due)(void *context);
    void *context;
    bool is_set;
    struct timer *child, *next, *previous; /* of the heap: `previous` is the parent of the first */
};

struct timers {
    struct timer *soonest; /* a pairing heap; NULL: none */
};

/* Sets it, again if it is set. */
void timer_set(struct timers *timers, struct timer *timer, int64_t at);

/* Does nothing if it is not set. */
void timer_stop(struct timers *timers, struct timer *timer);

/* Milliseconds until the next is due, 0 if one is; -1: none is set. */
int timers_wait(const struct timers *timers, int64_t now);

/* Calls all that were due at `now`. They may set and stop timers. */
void timers_run(struct timers *timers, int64_t now);
