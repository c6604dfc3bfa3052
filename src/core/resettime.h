#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tm;

/*
 * Time zones are the caller's: core reads no files and no environment. zone NULL or "" means the
 * machine's own zone; "UTC" must always be known. Both return 0, -EINVAL for an unknown zone, or
 * another negative errno for a time that cannot be told; the result is untouched on failure.
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
 * Finds the first reset time told in text, a NUL-terminated string of which the first 64 KiB are
 * looked at. Escape sequences must be gone already. now and *ret_epoch are seconds since 1970 UTC.
 * Gives false, *ret_epoch untouched, if no time is told or only one before 2020 or more than
 * 400 days ahead. Keeps nothing, allocates nothing.
 *
 * Wordings are those of claude-code.md, RFC 9110 (Retry-After) and ISO 8601. A time counts only
 * after "reset(s)", "regain access", "try again" or "retry after", and after "limit reached" only
 * an epoch. What the words leave open:
 *  - a clock time alone is the next one, in the zone told or the machine's; one up to two minutes
 *    ago counts as just reached, because clients print minutes rounded down;
 *  - a date without a year is the nearest one that is not more than a day of 25 hours ago; without
 *    a clock time it means midnight;
 *  - an unknown zone in brackets is taken as the machine's own.
 * So the result may lie before now: the window is open again. For the same rounding a clock time
 * may be up to a minute early.
 */
bool resettime_find(const char *text, int64_t now, const struct zone_ops *zones,
                    int64_t *ret_epoch);
