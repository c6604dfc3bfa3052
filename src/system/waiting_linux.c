#include "system/waiting.h"

void waiting_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

int waiting_until(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    return pthread_cond_timedwait(condition, mutex, until);
}
