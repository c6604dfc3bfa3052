/* The days that a key file names: when a key ends, when it was added. All in UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KEYDATE_TEXT 16

/* What counts as a time in seconds: from 1973 to 5138. The present in milliseconds is outside. */
#define KEYDATE_FIRST ((int64_t)100000000)
#define KEYDATE_LAST  ((int64_t)100000000000)

/* "2027-03-31", a valid day, to the seconds since 1970 of its beginning; false, with *ret_epoch
 * untouched, for anything else. */
bool keydate_parse(const char *text, int64_t *ret_epoch);

/* The other way round, for times from KEYDATE_FIRST to KEYDATE_LAST. */
void keydate_format(int64_t epoch, char ret_text[KEYDATE_TEXT]);
