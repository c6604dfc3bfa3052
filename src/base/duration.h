/* Lengths of time as people write them. */
#pragma once

#include <stdint.h>

#define DURATION_MAX (400 * (int64_t)86400)

/* "90", "90s", "5m", "1h30m", "2h", "1d", "1w" to seconds; at most DURATION_MAX.
 * Returns 0; -ERANGE if it is longer; -EINVAL. *ret_seconds is untouched on failure. */
int duration_parse(const char *text, int64_t *ret_seconds);

/* "45s", "3m 20s", "1h 12m", "3d 2h" into `ret_text`; negative counts as 0. Beyond
 * DURATION_MAX it is "over a year". */
#define DURATION_TEXT 32
void duration_format(int64_t seconds, char ret_text[DURATION_TEXT]);
