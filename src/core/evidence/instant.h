/* From a time in words to the second that it means. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct moment;
struct tm;

/*
 * Time zones are the caller's: core reads no files and no environment. zone NULL or "" means the
 * machine's own zone; "UTC" must always be known. Both return 0, -EINVAL for an unknown zone, or
 * another negative errno for a time that cannot be computed; the result is untouched on failure.
 *
 * to_civil fills all of ret_civil, tm_wday too. to_epoch ignores tm_wday and tm_yday and takes
 * fields out of range as mktime does (the 32nd is the 1st of the next month). Which instant a civil
 * time means that a daylight-saving change skips or repeats is theirs to say.
 */
struct zone_ops {
    int (*to_civil)(const char *zone, int64_t epoch, struct tm *ret_civil);
    int (*to_epoch)(const char *zone, const struct tm *civil, int64_t *ret_epoch);
};

/*
 * The instant that a moment means, seen from now; both are seconds since 1970 UTC, and now is from
 * 0 to the end of the year 9999. It may lie before now. What the moment leaves open:
 *  - a clock time alone is the next one, a weekday the next of its name; one up to two minutes ago
 *    counts as just reached. Today and tomorrow are what they say, over or not;
 *  - a date without a year is the nearest one, past or not;
 *  - without a clock time it is midnight;
 *  - a zone that zones does not know is the machine's own, as is none.
 * False, with *ret_epoch untouched, if there is no such day or the time cannot be told.
 */
bool instant_find(const struct moment *m, int64_t now, const struct zone_ops *zones,
                  int64_t *ret_epoch);
