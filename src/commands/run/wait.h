/* --wait, --max-per-key: sleeping until a key is ready again, or free. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits until `until` (seconds since 1970), at most `longest` seconds at a time, showing a
 * countdown on a terminal and one line every ten minutes elsewhere. `name` is the key that will be
 * ready first; *last_said (0 at first) keeps when the last line was printed said. True if the time
 * is over; false if somebody asked to end, which stays pending on `signal_fd`. */
bool wait_a_while(int signal_fd, int64_t until, const char *name, int64_t longest,
                  int64_t *last_said);

/* A wait for a free key. */
struct queue_wait {
    int at_most;   /* --max-per-key */
    size_t ahead;  /* runs that wait before this one */
    int64_t since; /* seconds since 1970; 0 before it began */
    int64_t last_said;
};

/* Waits a moment, longer if more runs are first, saying so as above. False if somebody asked to
 * end. */
bool wait_in_queue(int signal_fd, struct queue_wait *wait);

/* Clears the countdown from the terminal. */
void wait_over(void);
