#include "core/evidence/span.h"

#include "base/duration.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum {
    MS_SECOND = 1000,
    MS_MINUTE = 60 * MS_SECOND,
    MS_HOUR = 60 * MS_MINUTE,
    MS_DAY = 24 * MS_HOUR,
    MS_WEEK = 7 * MS_DAY,
};

static const struct word units[] = {
    {"ms", 0, 1},           {"milliseconds", 5, 1},    {"s", 0, MS_SECOND},
    {"secs", 0, MS_SECOND}, {"seconds", 3, MS_SECOND}, {"m", 0, MS_MINUTE},
    {"mins", 0, MS_MINUTE}, {"minutes", 3, MS_MINUTE}, {"h", 0, MS_HOUR},
    {"hr", 0, MS_HOUR},     {"hrs", 0, MS_HOUR},       {"hours", 4, MS_HOUR},
    {"d", 0, MS_DAY},       {"days", 3, MS_DAY},       {"w", 0, MS_WEEK},
    {"weeks", 4, MS_WEEK},
};

static const struct word joints[] = {{"and", 0, 0}};

static bool read_thousandths(struct cursor *c, int64_t *ret)
{
    int64_t value;

    if (!cursor_read_number(c, 1, 7, &value))
        return false;
    value *= 1000;
    if (cursor_peek(c, 0) == '.' && char_is_digit(cursor_peek(c, 1))) {
        c->at++;
        for (int64_t place = 100; char_is_digit(cursor_peek(c, 0)); place /= 10, c->at++)
            value += place * (cursor_peek(c, 0) - '0');
    }
    *ret = value;
    return true;
}

static bool read_amount(struct cursor *c, int64_t *ret_ms)
{
    struct cursor t = *c;
    int64_t value, unit;

    if (!read_thousandths(&t, &value))
        return false;
    cursor_skip(&t, GAP_SPACE | GAP_LINE);
    if (!cursor_read_word(&t, units, COUNT(units), &unit))
        return false;
    *c = t;
    *ret_ms = value * unit / 1000;
    return true;
}

bool span_read_bare(struct cursor c, bool labelled, int64_t *ret_seconds)
{
    int64_t value;

    if (!read_thousandths(&c, &value) || char_is_alnum(cursor_peek(&c, 0)) ||
        char_is_among(cursor_peek(&c, 0), ":-/"))
        return false;
    cursor_skip(&c, GAP_SPACE);
    if (!labelled && char_is_letter(cursor_peek(&c, 0)))
        return false;
    *ret_seconds = (value + 999) / 1000;
    return true;
}

bool span_read(struct cursor c, int64_t *ret_seconds)
{
    int64_t total = 0, part, ignored;
    bool told = false;

    while (read_amount(&c, &part)) {
        total += part;
        if (total > INT64_C(1000) * DURATION_MAX)
            return false;
        told = true;
        cursor_skip(&c, GAP_SPACE | GAP_LINE | GAP_COMMA);
        if (cursor_read_word(&c, joints, COUNT(joints), &ignored))
            cursor_skip(&c, GAP_SPACE | GAP_LINE);
    }
    if (told)
        *ret_seconds = (total + 999) / 1000;
    return told;
}
