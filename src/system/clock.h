/* How much time goes by. Not the time of day: that is time(2)'s, and somebody may set it. */
#pragma once

#include <stdint.h>

/* Since some moment in the past, the same for every process; never goes back. Deadlines are given
 * in these milliseconds. */
int64_t clock_now_ms(void);
int64_t clock_now_us(void);
