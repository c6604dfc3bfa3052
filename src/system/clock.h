/* How much time goes by. Not the time of day: that is time(2)'s, and somebody may set it. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Since some moment in the past, the same for every process; never goes back. Deadlines are given
 * in these milliseconds. */
int64_t clock_now_ms(void);
int64_t clock_now_us(void);

/* So many milliseconds from now, for conditions whose clock is CLOCK_MONOTONIC. */
struct timespec clock_in_ms(int64_t milliseconds);

/* What is left until such a moment; nothing once it has come. */
struct timespec clock_left_until(const struct timespec *until);
