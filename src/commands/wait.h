/* --wait: sleeping until a key is ready again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Waits until `until` (seconds since 1970), at most a minute at a time, showing a countdown on a
 * terminal and one line every ten minutes elsewhere. `name` is the key that will be ready first;
 * *last_said (0 at first) keeps when the last line was said. True if the time is over; false if
 * somebody asked to end, which stays pending on `signal_fd`. */
bool wait_a_while(int signal_fd, int64_t until, const char *name, int64_t *last_said);

/* Clears the countdown from the terminal. */
void wait_over(void);
