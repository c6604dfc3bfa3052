/* The requests that a used-up key sends away do not all meet the next key at once: it may be near
 * its end as well, and a herd would be through with it before the first answer tells. One is sent,
 * two more for each that was answered, and one more each quarter of a second, so that slow answers
 * hold nobody up for long. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of one key; zeroed at first. */
struct ramp {
    int64_t begun, seen; /* when the herd came; when it was last heard of; milliseconds */
    unsigned sent, answered;
};

/* The longest that one request is held back, and how long it waits before it asks again. */
#define RAMP_LONGEST_MS 2000
#define RAMP_AGAIN_MS   50

/* Whether one more of the herd is sent with the key now; it is counted then. */
bool ramp_admits(struct ramp *ramp, int64_t now_ms);

/* One that was sent is answered well. */
void ramp_note_answer(struct ramp *ramp);
