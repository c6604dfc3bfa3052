/* A time by calendar and clock as it is worded: a date, a day, a clock time and a zone, as far as
 * they are given. core/evidence/instant.h decides what was left open. */
#pragma once

#include "base/cursor.h"

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_ZONE 64

enum {
    TOLD_DATE = 1,
    TOLD_YEAR = 2,
    TOLD_WEEKDAY = 4,
    TOLD_CLOCK = 8,
    TOLD_OFFSET = 16,
};

enum {
    MOMENT_TODAY = 7, /* after the seven weekdays */
    MOMENT_TOMORROW = 8,
};

/* What is not told is 0. The date may be one that there is not, up to the 31st of any month. */
struct moment {
    unsigned told;
    int year, month, mday; /* as struct tm counts them */
    int hour, minute, second;
    int weekday;            /* from Sunday, or one of the days above */
    int64_t offset;         /* seconds east of UTC */
    char zone[MOMENT_ZONE]; /* a name, which may not be a zone's; "" if none is given, or an offset
                             */
};

/* What may stand after an introduction. */
enum {
    TAKES_MOMENT = 1,
    TAKES_SPAN = 2,
    TAKES_OWN = 4, /* from here on the caller's */
};

/* Skips "at", "on", "in" and "after". Gives what the last one takes, or `otherwise` if there is
 * none: "in 12:30" is a span of some kind, not half past twelve. */
int64_t moment_skip_prepositions(struct cursor *c, int64_t otherwise);

/* "Nov 20 at 3pm (Europe/Berlin)", "2026-11-20T15:00:00Z", "tomorrow, 15:00 UTC", "Monday"; what
 * follows does not matter. False, with *ret_moment untouched, if that names no time: a year or a
 * zone alone does not, nor does "today". */
bool moment_read(struct cursor c, struct moment *ret_moment);
