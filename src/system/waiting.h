/* Condition variables with an end to the wait by the monotonic clock (clock_in_ms). */
#pragma once

#include <pthread.h>
#include <time.h>

void waiting_init(pthread_cond_t *condition);

/* As pthread_cond_timedwait: 0, or ETIMEDOUT at `until`. */
int waiting_until(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
