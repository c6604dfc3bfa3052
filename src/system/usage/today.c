#include "system/usage/today.h"

#include <time.h>

#define DAY_SECONDS 86400

/* The last midnight, or the midnight so many days later. */
static int64_t midnight(int64_t now, int days)
{
    time_t time = (time_t)now;
    struct tm civil;
    if (!localtime_r(&time, &civil))
        return (now / DAY_SECONDS + days) * DAY_SECONDS;
    civil.tm_mday += days;
    civil.tm_hour = civil.tm_min = civil.tm_sec = 0;
    civil.tm_isdst = -1;
    return mktime(&civil);
}

int64_t today_begins(int64_t now)
{
    return midnight(now, 0);
}

int64_t today_ends(int64_t now)
{
    return midnight(now, 1);
}
