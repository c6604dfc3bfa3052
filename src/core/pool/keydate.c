#include "core/pool/keydate.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400

/* Days since 1970 in the Gregorian calendar, counted in years that begin in March: then the day
 * that comes and goes is the last one. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t from_march = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + from_march - 719468;
}

static void civil_of(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t of_era = shifted % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *ret_day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *ret_month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *ret_year = (int)(year + shifted / 146097 * 400 + (*ret_month <= 2));
}

void keydate_format(int64_t epoch, char ret_text[KEYDATE_TEXT])
{
    int year, month, day;
    civil_of(epoch / DAY, &year, &month, &day);
    snprintf(ret_text, KEYDATE_TEXT, "%04d-%02d-%02d", year % 10000, month % 100, day % 100);
}

bool keydate_parse(const char *text, int64_t *ret_epoch)
{
    int year, month, day;
    char again[KEYDATE_TEXT];
    if (strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3)
        return false;
    if (year < 1000 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    int64_t epoch = days_of(year, month, day) * DAY;
    if (epoch < KEYDATE_FIRST)
        return false;
    /* Finds out February 30th, and signs and blanks that sscanf let pass. */
    keydate_format(epoch, again);
    if (strcmp(again, text) != 0)
        return false;
    *ret_epoch = epoch;
    return true;
}
