#pragma once

#include "core/evidence/instant.h" /* struct zone_ops */

#include <stdbool.h>
#include <stdint.h>

/*
 * Finds the first reset time in `text`, a NUL-terminated string of which the first 64 KiB are
 * looked at. Escape sequences must be gone already. now and *ret_epoch are seconds since 1970 UTC.
 * Gives false, *ret_epoch untouched, if no time is told or only one before 2020 or more than
 * 400 days ahead. Keeps nothing, allocates nothing.
 *
 * Wordings are those of claude-code.md, RFC 9110 (Retry-After) and ISO 8601. A time counts only
 * after "reset(s)", "regain access", "available again", "try again", "retry after" or "retry(ing)
 * in", and after "limit reached" only
 * an epoch. What the words leave open:
 *  - a clock time alone is the next one, in the zone told or the machine's; one up to two minutes
 *    ago counts as just reached, because clients print minutes rounded down;
 *  - a date without a year is the nearest one, past or not; without
 *    a clock time it means midnight;
 *  - an unknown zone in brackets is taken as the machine's own.
 * So the result may lie before now: the window is open again. For the same rounding a clock time
 * may be up to a minute early.
 */
bool resettime_find(const char *text, int64_t now, const struct zone_ops *zones,
                    int64_t *ret_epoch);
