#include "system/waiting.h"

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
    const struct timespec left = left_until(until);
    return pthread_cond_timedwait_relative_np(condition, mutex, &left);
}
