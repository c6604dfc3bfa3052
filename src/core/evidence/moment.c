#include "core/evidence/moment.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
};

static const struct word months[] = {
    {"january", 3, 0},   {"february", 3, 1}, {"march", 3, 2},     {"april", 3, 3},
    {"may", 3, 4},       {"june", 3, 5},     {"july", 3, 6},      {"august", 3, 7},
    {"september", 3, 8}, {"october", 3, 9},  {"november", 3, 10}, {"december", 3, 11},
};

static const struct word days[] = {
    {"sunday", 3, 0},    {"monday", 3, 1},           {"tuesday", 3, 2},
    {"wednesday", 3, 3}, {"thursday", 3, 4},         {"friday", 3, 5},
    {"saturday", 3, 6},  {"today", 0, MOMENT_TODAY}, {"tomorrow", 0, MOMENT_TOMORROW},
};

static const struct word ordinals[] = {{"st", 0, 0}, {"nd", 0, 0}, {"rd", 0, 0}, {"th", 0, 0}};

static const struct word halves[] = {{"am", 0, 0}, {"pm", 0, 12}, {"a", 0, 0}, {"p", 0, 12}};

static const struct word utc_names[] = {{"utc", 0, 0}, {"gmt", 0, 0}, {"z", 0, 0}};

static const struct word prepositions[] = {{"at", 0, TAKES_MOMENT},
                                           {"on", 0, TAKES_MOMENT},
                                           {"in", 0, TAKES_SPAN},
                                           {"after", 0, TAKES_MOMENT | TAKES_SPAN}};

static bool set_date(struct moment *m, int64_t month, int64_t mday)
{
    if (month < 0 || month > 11 || mday < 1 || mday > 31)
        return false;
    m->month = (int)month;
    m->mday = (int)mday;
    return true;
}

static bool read_iso_date(struct cursor *c, struct moment *m)
{
    int64_t year, month, mday;

    if (!cursor_read_number(c, 4, 4, &year) || !cursor_take(c, "-/") ||
        !cursor_read_number(c, 2, 2, &month) || !cursor_take(c, "-/") ||
        !cursor_read_number(c, 2, 2, &mday) || !set_date(m, month - 1, mday))
        return false;
    if (char_is_digit(cursor_peek(c, 1)))
        (void)cursor_take(c, "Tt");
    m->year = (int)year - 1900;
    m->told |= TOLD_YEAR;
    return !char_is_letter(cursor_peek(c, 0));
}

static bool read_mday(struct cursor *c, int64_t *ret)
{
    int64_t ignored;

    if (!cursor_read_number(c, 1, 2, ret))
        return false;
    (void)cursor_read_word(c, ordinals, COUNT(ordinals), &ignored);
    return !char_is_alnum(cursor_peek(c, 0)) && cursor_peek(c, 0) != ':';
}

static bool read_month_day(struct cursor *c, struct moment *m)
{
    int64_t month, mday;

    if (!cursor_read_word(c, months, COUNT(months), &month))
        return false;
    (void)cursor_take(c, ".");
    cursor_skip(c, GAP_SPACE | GAP_LINE);
    return read_mday(c, &mday) && set_date(m, month, mday);
}

static bool read_day_month(struct cursor *c, struct moment *m)
{
    int64_t month, mday;

    if (!read_mday(c, &mday))
        return false;
    cursor_skip(c, GAP_SPACE);
    return cursor_read_word(c, months, COUNT(months), &month) && set_date(m, month, mday);
}

static bool read_year(struct cursor *c, struct moment *m)
{
    int64_t year;

    if ((m->told & TOLD_DATE) == 0 || !cursor_read_number(c, 4, 4, &year) || year < 2000 ||
        char_is_alnum(cursor_peek(c, 0)) || cursor_peek(c, 0) == ':')
        return false;
    m->year = (int)year - 1900;
    return true;
}

static bool read_weekday(struct cursor *c, struct moment *m)
{
    int64_t day;

    if (!cursor_read_word(c, days, COUNT(days), &day))
        return false;
    m->weekday = (int)day;
    return true;
}

/* False if there is neither am nor pm, "a.m." and "p.m." included. */
static bool read_half(struct cursor *c, int64_t *ret_hours)
{
    struct cursor t = *c;

    cursor_skip(&t, GAP_SPACE);
    if (!cursor_read_word(&t, halves, COUNT(halves), ret_hours))
        return false;
    if (char_lower(t.at[-1]) != 'm' &&
        (!cursor_take(&t, ".") || !cursor_take(&t, "mM") || !cursor_take(&t, ".")))
        return false;
    if (char_is_alnum(cursor_peek(&t, 0)))
        return false;
    *c = t;
    return true;
}

/* [:MM[:SS[.fraction]]]; gives false where a colon is followed by anything else. */
static bool read_minutes(struct cursor *c, int64_t *ret_minute, int64_t *ret_second)
{
    if (!cursor_take(c, ":"))
        return true;
    if (!cursor_read_number(c, 2, 2, ret_minute))
        return false;
    if (!cursor_take(c, ":"))
        return true;
    if (!cursor_read_number(c, 2, 2, ret_second))
        return false;
    if (char_is_digit(cursor_peek(c, 1)) && cursor_take(c, "."))
        while (char_is_digit(cursor_peek(c, 0)))
            c->at++;
    return true;
}

/* +HH:MM or +HHMM; `brief` takes +H too, which elsewhere might be any number. */
static bool read_offset(struct cursor *c, bool brief, int64_t *ret)
{
    struct cursor t = *c;
    int64_t hours, minutes = 0;
    bool west = cursor_peek(&t, 0) == '-';

    if (!cursor_take(&t, "+-"))
        return false;
    if (cursor_read_number(&t, 4, 4, &hours)) {
        minutes = hours % 100;
        hours /= 100;
    } else if (!cursor_read_number(&t, brief ? 1 : 2, 2, &hours)) {
        return false;
    } else if (cursor_take(&t, ":") ? !cursor_read_number(&t, 2, 2, &minutes) : !brief) {
        return false;
    }
    if (hours > 14 || minutes > 59)
        return false;
    *c = t;
    *ret = (west ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
    return true;
}

static bool read_utc(struct cursor c, bool brief, int64_t *ret_offset)
{
    int64_t offset = 0;

    if (cursor_read_word(&c, utc_names, COUNT(utc_names), &offset))
        (void)read_offset(&c, true, &offset);
    else if (!read_offset(&c, brief, &offset))
        return false;
    if (char_is_alnum(cursor_peek(&c, 0)))
        return false;
    *ret_offset = offset;
    return true;
}

static bool read_clock(struct cursor *c, struct moment *m)
{
    int64_t hour, minute = 0, second = 0, half = 0, ignored;

    if (!cursor_read_number(c, 1, 2, &hour))
        return false;
    bool digital = cursor_peek(c, 0) == ':';
    if (!read_minutes(c, &minute, &second) || minute > 59 || second > 59)
        return false;
    if (read_half(c, &half)) {
        if (hour > 12)
            return false;
        hour = hour % 12 + half;
    } else if (!digital || (char_is_alnum(cursor_peek(c, 0)) && !read_utc(*c, false, &ignored))) {
        return false;
    }
    m->hour = (int)hour;
    m->minute = (int)minute;
    m->second = (int)second;
    return hour < 24;
}

/* Only in brackets may a zone be a plain word: elsewhere that is the next word of the sentence. */
static void read_zone(struct cursor c, struct moment *m)
{
    bool bracket, slash = false;
    size_t n = 0;

    cursor_skip(&c, GAP_SPACE | GAP_LINE | GAP_COMMA);
    bracket = cursor_take(&c, "(");
    cursor_skip(&c, GAP_SPACE);
    if (read_utc(c, bracket, &m->offset)) {
        m->told |= TOLD_OFFSET;
        return;
    }
    for (; char_is_alnum(cursor_peek(&c, n)) || char_is_among(cursor_peek(&c, n), "/_+-"); n++)
        slash |= cursor_peek(&c, n) == '/';
    if (n < sizeof(m->zone) && char_is_letter(cursor_peek(&c, 0)) && (bracket || slash))
        memcpy(m->zone, c.at, n);
}

/* These may leave both half changed when they give false: read_part hands them copies. */
static const struct {
    bool (*read)(struct cursor *c, struct moment *m);
    unsigned tells;
} parts[] = {
    {read_iso_date, TOLD_DATE}, {read_day_month, TOLD_DATE},  {read_month_day, TOLD_DATE},
    {read_year, TOLD_YEAR},     {read_weekday, TOLD_WEEKDAY}, {read_clock, TOLD_CLOCK},
};

static bool read_part(struct cursor *c, struct moment *m)
{
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct cursor t = *c;
        struct moment with = *m;

        if ((m->told & parts[i].tells) != 0 || !parts[i].read(&t, &with))
            continue;
        with.told |= parts[i].tells;
        *m = with;
        *c = t;
        return true;
    }
    return false;
}

int64_t moment_skip_prepositions(struct cursor *c, int64_t otherwise)
{
    while (cursor_read_word(c, prepositions, COUNT(prepositions), &otherwise))
        cursor_skip(c, GAP_BETWEEN);
    return otherwise;
}

bool moment_read(struct cursor c, struct moment *ret_moment)
{
    struct moment m = {0};
    struct cursor t = c;

    while (read_part(&t, &m)) {
        c = t;
        /* The next line of a log begins with a date of its own. */
        if ((cursor_skip(&t, GAP_BETWEEN) & GAP_LINE) != 0 && (m.told & TOLD_CLOCK) != 0)
            break;
        (void)moment_skip_prepositions(&t, TAKES_MOMENT);
    }
    read_zone(c, &m);
    if ((m.told & (TOLD_DATE | TOLD_CLOCK)) == 0 &&
        ((m.told & TOLD_WEEKDAY) == 0 || m.weekday == MOMENT_TODAY))
        return false;
    *ret_moment = m;
    return true;
}
