#include "system/waiting.h"

#include "system/clock.h"

#include <errno.h>

/* The longest wait by the clock of the wall, which may be set back meanwhile. */
#define PART_SECONDS 1

void waiting_init(pthread_cond_t *condition)
{
    (void)pthread_cond_init(condition, NULL);
}

int waiting_until(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    for (;;) {
        struct timespec at, left = clock_left_until(until);
        (void)clock_gettime(CLOCK_REALTIME, &at);
        if (left.tv_sec >= PART_SECONDS)
            left = (struct timespec){.tv_sec = PART_SECONDS};
        at.tv_sec += left.tv_sec + (at.tv_nsec + left.tv_nsec) / 1000000000;
        at.tv_nsec = (at.tv_nsec + left.tv_nsec) % 1000000000;
        int r = pthread_cond_timedwait(condition, mutex, &at);
        if (r != ETIMEDOUT || left.tv_sec < PART_SECONDS)
            return r;
    }
}
