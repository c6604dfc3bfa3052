#include "core/show/since.h"

#include "base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What a form leaves open is that of today; then the time that is meant is the last such one. */
enum step { STEP_NONE, STEP_DAY, STEP_YEAR };

static const struct {
    const char *form; /* strptime(3) */
    enum step step;
    bool has_clock;
} forms[] = {
    {"%Y-%m-%dT%H:%M:%S", STEP_NONE, true},
    {"%Y-%m-%d %H:%M:%S", STEP_NONE, true},
    {"%Y-%m-%dT%H:%M", STEP_NONE, true},
    {"%Y-%m-%d %H:%M", STEP_NONE, true},
    {"%Y-%m-%d", STEP_NONE, false},
    {"%b %d %H:%M", STEP_YEAR, true},
    {"%b %d", STEP_YEAR, false},
    {"%H:%M", STEP_DAY, true},
};

static void clear_clock(struct tm *civil)
{
    civil->tm_hour = civil->tm_min = civil->tm_sec = 0;
}

/* Days are those of the calendar: one may have 23 hours. */
static int days_ago(int days, struct tm day, const struct zone_ops *zones, int64_t *ret_since)
{
    clear_clock(&day);
    day.tm_mday -= days;
    return zones->to_epoch(NULL, &day, ret_since);
}

/* strptime takes the 31st of any month. */
static bool is_a_day(const struct tm *civil)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = civil->tm_year + 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return civil->tm_mday >= 1 && civil->tm_mday <= lengths[civil->tm_mon] &&
           (civil->tm_mon != 1 || civil->tm_mday < 29 || leap);
}

static int read_form(size_t form, const char *text, int64_t now, struct tm today,
                     const struct zone_ops *zones, int64_t *ret_since)
{
    struct tm civil = today;
    civil.tm_sec = 0;
    const char *end = strptime(text, forms[form].form, &civil);
    if (!end || *end || civil.tm_year < 70 || civil.tm_year > 8099 || !is_a_day(&civil))
        return -EINVAL;
    if (!forms[form].has_clock)
        clear_clock(&civil);
    int r = zones->to_epoch(NULL, &civil, ret_since);
    if (r < 0 || *ret_since <= now || forms[form].step == STEP_NONE)
        return r;
    civil.tm_mday -= forms[form].step == STEP_DAY;
    civil.tm_year -= forms[form].step == STEP_YEAR;
    return zones->to_epoch(NULL, &civil, ret_since);
}

static int read_civil(const char *text, int64_t now, const struct zone_ops *zones,
                      int64_t *ret_since)
{
    struct tm today;
    int r = zones->to_civil(NULL, now, &today);
    if (r < 0)
        return r;
    if (strcasecmp(text, "today") == 0)
        return days_ago(0, today, zones, ret_since);
    if (strcasecmp(text, "yesterday") == 0)
        return days_ago(1, today, zones, ret_since);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (read_form(i, text, now, today, zones, ret_since) == 0)
            return 0;
    return -EINVAL;
}

int since_parse(const char *text, int64_t now, const struct zone_ops *zones, int64_t *ret_since)
{
    int64_t seconds, since;
    if (duration_parse(text, &seconds) == 0) {
        *ret_since = now - seconds;
        return 0;
    }
    if (read_civil(text, now, zones, &since) < 0)
        return -EINVAL;
    if (since > now)
        return -ERANGE;
    *ret_since = since;
    return 0;
}

/* A date without its year could be meant of any. */
static int read_date(const char *text, int64_t now, const struct zone_ops *zones, int64_t *ret_date)
{
    struct tm today;
    int r = zones->to_civil(NULL, now, &today);
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].step == STEP_NONE && read_form(i, text, now, today, zones, ret_date) == 0)
            return 0;
    return -EINVAL;
}

int until_parse(const char *text, int64_t now, const struct zone_ops *zones, int64_t *ret_until)
{
    int64_t seconds, until;
    if (duration_parse(text, &seconds) == 0)
        until = now + seconds;
    else if (read_date(text, now, zones, &until) < 0)
        return -EINVAL;
    if (until <= now)
        return -ERANGE;
    *ret_until = until;
    return 0;
}
