#include "system/waiting.h"

#include <errno.h>

/* The longest wait by the clock of the wall, which may be set back meanwhile. */
#define PART_SECONDS 1

/* What is left until then; nothing once it has come. */
static struct timespec left_until(const struct timespec *until)
{
    struct timespec now, left;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    left.tv_sec = until->tv_sec - now.tv_sec;
    left.tv_nsec = until->tv_nsec - now.tv_nsec;
    if (left.tv_nsec < 0) {
        left.tv_nsec += 1000000000;
        left.tv_sec--;
    }
    if (left.tv_sec < 0)
        left = (struct timespec){0};
    return left;
}

void waiting_init(pthread_cond_t *condition)
{
    (void)pthread_cond_init(condition, NULL);
}

int waiting_until(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    for (;;) {
        struct timespec at, left = left_until(until);
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
