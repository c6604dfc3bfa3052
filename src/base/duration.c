#include "base/duration.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static const struct unit {
    char letter;
    int64_t seconds;
} units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define UNIT_COUNT (sizeof units / sizeof units[0])

static int64_t unit_seconds(char letter)
{
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (units[i].letter == letter)
            return units[i].seconds;
    return 0;
}

int duration_parse(const char *text, int64_t *ret_seconds)
{
    int64_t total = 0, last_unit = INT64_MAX;
    const char *p = text;
    if (!isdigit((unsigned char)*p))
        return -EINVAL;
    while (*p) {
        int64_t number = 0;
        if (!isdigit((unsigned char)*p))
            return -EINVAL;
        for (; isdigit((unsigned char)*p); p++) {
            number = number * 10 + (*p - '0');
            if (number > DURATION_MAX)
                return -ERANGE;
        }
        /* A bare number is seconds, but only alone: "1h30" would be a guess. */
        int64_t unit = *p ? unit_seconds(*p++) : (last_unit == INT64_MAX ? 1 : 0);
        if (unit == 0 || unit >= last_unit)
            return -EINVAL;
        last_unit = unit;
        total += number * unit;
        if (total > DURATION_MAX)
            return -ERANGE;
    }
    *ret_seconds = total;
    return 0;
}

void duration_format(int64_t seconds, char ret_text[DURATION_TEXT])
{
    if (seconds < 0)
        seconds = 0;
    if (seconds > DURATION_MAX) {
        snprintf(ret_text, DURATION_TEXT, "over a year");
        return;
    }
    size_t i = 1; /* weeks are not shown: "9d 3h" is read faster than "1w 2d" */
    while (i + 1 < UNIT_COUNT && seconds < units[i].seconds)
        i++;
    long long first = seconds / units[i].seconds;
    long long rest = 0;
    if (i + 1 < UNIT_COUNT)
        rest = seconds % units[i].seconds / units[i + 1].seconds;
    if (rest > 0)
        snprintf(ret_text, DURATION_TEXT, "%lld%c %lld%c", first, units[i].letter, rest,
                 units[i + 1].letter);
    else
        snprintf(ret_text, DURATION_TEXT, "%lld%c", first, units[i].letter);
}
