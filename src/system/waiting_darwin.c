#include "system/waiting.h"

#include "system/clock.h"

void waiting_init(pthread_cond_t *condition)
{
    (void)pthread_cond_init(condition, NULL);
}

int waiting_until(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    const struct timespec left = clock_left_until(until);
    return pthread_cond_timedwait_relative_np(condition, mutex, &left);
}
