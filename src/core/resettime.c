#include "core/resettime.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum {
    TEXT_MAX = 65536,
    ZONE_MAX = 64,
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    SLACK = 2 * MINUTE,
    AHEAD_MAX = 400 * DAY,
};

static const int64_t earliest = 1577836800; /* 2020-01-01 */
static const int64_t latest = 253402300799; /* 9999-12-31: sums with it cannot overflow */

struct cursor {
    const char *at;
    const char *end;
};

/* Characters: ASCII only, because ctype.h follows the locale (a Turkish I is no i). */

static char peek(const struct cursor *c, size_t ahead)
{
    return (size_t)(c->end - c->at) > ahead ? c->at[ahead] : '\0';
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static bool is_letter(char ch)
{
    return lower(ch) >= 'a' && lower(ch) <= 'z';
}

static bool is_alnum(char ch)
{
    return is_digit(ch) || is_letter(ch);
}

/* The end of the text is in no set. */
static bool is_among(char ch, const char *set)
{
    return ch != '\0' && strchr(set, ch) != NULL;
}

static bool take(struct cursor *c, const char *set)
{
    if (!is_among(peek(c, 0), set))
        return false;
    c->at++;
    return true;
}

enum {
    SPACE = 1,
    LINE = 2,
    COMMA = 4, /* any mark between the parts of a sentence */
    POINT = 8,
    QUOTE = 16,
    COLON = 32,
    BETWEEN = SPACE | LINE | COMMA | POINT,
};

static const struct {
    const char *bytes;
    unsigned kind;
} gaps[] = {
    {" ", SPACE}, {"\t", SPACE},     {"\n", LINE},      {"\r", LINE},      {"\v", LINE},
    {"\f", LINE}, {"\u00a0", SPACE}, {"\u2009", SPACE}, {"\u202f", SPACE}, {",", COMMA},
    {"|", COMMA}, {"\u00b7", COMMA}, {"\u2022", COMMA}, {"\u2219", COMMA}, {".", POINT},
    {"'", QUOTE}, {"\"", QUOTE},     {"`", QUOTE},      {"\\", QUOTE},     {":", COLON},
    {"=", COLON},
};

static unsigned gap_at(const struct cursor *c, size_t *ret_length)
{
    size_t left = (size_t)(c->end - c->at);

    for (size_t i = 0; i < COUNT(gaps); i++) {
        size_t length = strlen(gaps[i].bytes);

        if (length > left || memcmp(c->at, gaps[i].bytes, length) != 0)
            continue;
        *ret_length = length;
        return gaps[i].kind;
    }
    return 0;
}

/* A point with a space after it ends the sentence: what follows says something else. */
static bool ends_sentence(const struct cursor *c)
{
    struct cursor next = {c->at + 1, c->end};
    size_t length;

    return next.at == next.end || (gap_at(&next, &length) & (SPACE | LINE)) != 0;
}

/* Gives the kinds that were passed over. */
static unsigned skip(struct cursor *c, unsigned kinds)
{
    unsigned kind, passed = 0;
    size_t length;

    while (((kind = gap_at(c, &length)) & kinds) != 0) {
        if (kind == POINT && ends_sentence(c))
            break;
        c->at += length;
        passed |= kind;
    }
    return passed;
}

/* The whole run of digits, or nothing. At most 18 digits fit. */
static bool read_number(struct cursor *c, size_t least, size_t most, int64_t *ret)
{
    int64_t value = 0;
    size_t n = 0;

    for (; n <= most && is_digit(peek(c, n)); n++)
        value = n < most ? value * 10 + (peek(c, n) - '0') : value;
    if (n < least || n > most)
        return false;
    c->at += n;
    *ret = value;
    return true;
}

/* A word may be cut down to its first `least` letters; 0: it stands in full. */
struct word {
    const char *text;
    size_t least;
    int64_t value;
};

static bool read_word(struct cursor *c, const struct word *words, size_t count, int64_t *ret)
{
    size_t length = 0;

    while (is_letter(peek(c, length)))
        length++;
    for (size_t i = 0; i < count && length > 0; i++) {
        size_t full = strlen(words[i].text), same = 0;

        while (same < length && lower(peek(c, same)) == words[i].text[same])
            same++;
        if (same < length || length < (words[i].least != 0 ? words[i].least : full))
            continue;
        c->at += length;
        *ret = words[i].value;
        return true;
    }
    return false;
}

/* Spans: "3h 20m", "45 minutes", "1.5s", or a bare number of seconds after a header's name. */

enum {
    MS_SECOND = 1000,
    MS_MINUTE = MINUTE * MS_SECOND,
    MS_HOUR = HOUR * MS_SECOND,
    MS_DAY = DAY * MS_SECOND,
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

    if (!read_number(c, 1, 7, &value))
        return false;
    value *= 1000;
    if (peek(c, 0) == '.' && is_digit(peek(c, 1))) {
        c->at++;
        for (int64_t place = 100; is_digit(peek(c, 0)); place /= 10, c->at++)
            value += place * (peek(c, 0) - '0');
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
    skip(&t, SPACE | LINE);
    if (!read_word(&t, units, COUNT(units), &unit))
        return false;
    *c = t;
    *ret_ms = value * unit / 1000;
    return true;
}

/* `labelled`: a colon stood before it, so a word after the number does not say what it counts. */
static bool read_seconds(struct cursor c, bool labelled, int64_t *ret_seconds)
{
    int64_t value;

    if (!read_thousandths(&c, &value) || is_alnum(peek(&c, 0)) || is_among(peek(&c, 0), ":-/"))
        return false;
    skip(&c, SPACE);
    if (!labelled && is_letter(peek(&c, 0)))
        return false;
    *ret_seconds = (value + 999) / 1000;
    return true;
}

static bool read_span(struct cursor c, int64_t *ret_seconds)
{
    int64_t total = 0, part, ignored;
    bool told = false;

    while (read_amount(&c, &part)) {
        total += part;
        if (total > INT64_C(1000) * AHEAD_MAX)
            return false;
        told = true;
        skip(&c, SPACE | LINE | COMMA);
        if (read_word(&c, joints, COUNT(joints), &ignored))
            skip(&c, SPACE | LINE);
    }
    if (told)
        *ret_seconds = (total + 999) / 1000;
    return told;
}

/* Moments: a date, a day, a clock time and a zone, as far as they are told. */

enum {
    TOLD_DATE = 1,
    TOLD_YEAR = 2,
    TOLD_WEEKDAY = 4,
    TOLD_CLOCK = 8,
    TOLD_OFFSET = 16,
    TODAY = 7, /* after the seven weekdays */
    TOMORROW = 8,
};

struct moment {
    unsigned told;
    int year, month, mday; /* as struct tm counts them */
    int hour, minute, second;
    int weekday;
    int64_t offset; /* seconds east of UTC */
    char zone[ZONE_MAX];
};

static const struct word months[] = {
    {"january", 3, 0},   {"february", 3, 1}, {"march", 3, 2},     {"april", 3, 3},
    {"may", 3, 4},       {"june", 3, 5},     {"july", 3, 6},      {"august", 3, 7},
    {"september", 3, 8}, {"october", 3, 9},  {"november", 3, 10}, {"december", 3, 11},
};

static const struct word days[] = {
    {"sunday", 3, 0},    {"monday", 3, 1},    {"tuesday", 3, 2},
    {"wednesday", 3, 3}, {"thursday", 3, 4},  {"friday", 3, 5},
    {"saturday", 3, 6},  {"today", 0, TODAY}, {"tomorrow", 0, TOMORROW},
};

static const struct word ordinals[] = {{"st", 0, 0}, {"nd", 0, 0}, {"rd", 0, 0}, {"th", 0, 0}};

static const struct word halves[] = {{"am", 0, 0}, {"pm", 0, 12}, {"a", 0, 0}, {"p", 0, 12}};

static const struct word utc_names[] = {{"utc", 0, 0}, {"gmt", 0, 0}, {"z", 0, 0}};

enum {
    MOMENT = 1,
    SPAN = 2,
};

/* The value says what may follow: "in 12:30" is a span of some kind, not half past twelve. */
static const struct word prepositions[] = {
    {"at", 0, MOMENT}, {"on", 0, MOMENT}, {"in", 0, SPAN}, {"after", 0, MOMENT | SPAN}};

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

    if (!read_number(c, 4, 4, &year) || !take(c, "-/") || !read_number(c, 2, 2, &month) ||
        !take(c, "-/") || !read_number(c, 2, 2, &mday) || !set_date(m, month - 1, mday))
        return false;
    if (is_digit(peek(c, 1)))
        (void)take(c, "Tt");
    m->year = (int)year - 1900;
    m->told |= TOLD_YEAR;
    return !is_letter(peek(c, 0));
}

static bool read_mday(struct cursor *c, int64_t *ret)
{
    int64_t ignored;

    if (!read_number(c, 1, 2, ret))
        return false;
    (void)read_word(c, ordinals, COUNT(ordinals), &ignored);
    return !is_alnum(peek(c, 0)) && peek(c, 0) != ':';
}

static bool read_month_day(struct cursor *c, struct moment *m)
{
    int64_t month, mday;

    if (!read_word(c, months, COUNT(months), &month))
        return false;
    (void)take(c, ".");
    skip(c, SPACE | LINE);
    return read_mday(c, &mday) && set_date(m, month, mday);
}

static bool read_day_month(struct cursor *c, struct moment *m)
{
    int64_t month, mday;

    if (!read_mday(c, &mday))
        return false;
    skip(c, SPACE);
    return read_word(c, months, COUNT(months), &month) && set_date(m, month, mday);
}

static bool read_year(struct cursor *c, struct moment *m)
{
    int64_t year;

    if ((m->told & TOLD_DATE) == 0 || !read_number(c, 4, 4, &year) || year < 2000 ||
        is_alnum(peek(c, 0)) || peek(c, 0) == ':')
        return false;
    m->year = (int)year - 1900;
    return true;
}

static bool read_weekday(struct cursor *c, struct moment *m)
{
    int64_t day;

    if (!read_word(c, days, COUNT(days), &day))
        return false;
    m->weekday = (int)day;
    return true;
}

/* Gives false where neither am nor pm stands, "a.m." and "p.m." among them. */
static bool read_half(struct cursor *c, int64_t *ret_hours)
{
    struct cursor t = *c;

    skip(&t, SPACE);
    if (!read_word(&t, halves, COUNT(halves), ret_hours))
        return false;
    if (lower(t.at[-1]) != 'm' && (!take(&t, ".") || !take(&t, "mM") || !take(&t, ".")))
        return false;
    if (is_alnum(peek(&t, 0)))
        return false;
    *c = t;
    return true;
}

/* [:MM[:SS[.fraction]]]; gives false where a colon is followed by anything else. */
static bool read_minutes(struct cursor *c, int64_t *ret_minute, int64_t *ret_second)
{
    if (!take(c, ":"))
        return true;
    if (!read_number(c, 2, 2, ret_minute))
        return false;
    if (!take(c, ":"))
        return true;
    if (!read_number(c, 2, 2, ret_second))
        return false;
    if (is_digit(peek(c, 1)) && take(c, "."))
        while (is_digit(peek(c, 0)))
            c->at++;
    return true;
}

/* +HH:MM or +HHMM; `brief` takes +H too, which elsewhere might be any number. */
static bool read_offset(struct cursor *c, bool brief, int64_t *ret)
{
    struct cursor t = *c;
    int64_t hours, minutes = 0;
    bool west = peek(&t, 0) == '-';

    if (!take(&t, "+-"))
        return false;
    if (read_number(&t, 4, 4, &hours)) {
        minutes = hours % 100;
        hours /= 100;
    } else if (!read_number(&t, brief ? 1 : 2, 2, &hours)) {
        return false;
    } else if (take(&t, ":") ? !read_number(&t, 2, 2, &minutes) : !brief) {
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

    if (read_word(&c, utc_names, COUNT(utc_names), &offset))
        (void)read_offset(&c, true, &offset);
    else if (!read_offset(&c, brief, &offset))
        return false;
    if (is_alnum(peek(&c, 0)))
        return false;
    *ret_offset = offset;
    return true;
}

static bool read_clock(struct cursor *c, struct moment *m)
{
    int64_t hour, minute = 0, second = 0, half = 0, ignored;

    if (!read_number(c, 1, 2, &hour))
        return false;
    bool digital = peek(c, 0) == ':';
    if (!read_minutes(c, &minute, &second) || minute > 59 || second > 59)
        return false;
    if (read_half(c, &half)) {
        if (hour > 12)
            return false;
        hour = hour % 12 + half;
    } else if (!digital || (is_alnum(peek(c, 0)) && !read_utc(*c, false, &ignored))) {
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

    skip(&c, SPACE | LINE | COMMA);
    bracket = take(&c, "(");
    skip(&c, SPACE);
    if (read_utc(c, bracket, &m->offset)) {
        m->told |= TOLD_OFFSET;
        return;
    }
    for (; is_alnum(peek(&c, n)) || is_among(peek(&c, n), "/_+-"); n++)
        slash |= peek(&c, n) == '/';
    if (n < sizeof(m->zone) && is_letter(peek(&c, 0)) && (bracket || slash))
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

/* Gives what may follow the last one, or `otherwise` if there is none. */
static int64_t skip_prepositions(struct cursor *c, int64_t otherwise)
{
    while (read_word(c, prepositions, COUNT(prepositions), &otherwise))
        skip(c, BETWEEN);
    return otherwise;
}

static bool read_moment(struct cursor c, struct moment *ret)
{
    struct moment m = {0};
    struct cursor t = c;

    while (read_part(&t, &m)) {
        c = t;
        /* The next line of a log begins with a date of its own. */
        if ((skip(&t, BETWEEN) & LINE) != 0 && (m.told & TOLD_CLOCK) != 0)
            break;
        (void)skip_prepositions(&t, MOMENT);
    }
    read_zone(c, &m);
    *ret = m;
    return (m.told & (TOLD_DATE | TOLD_CLOCK)) != 0 ||
           ((m.told & TOLD_WEEKDAY) != 0 && m.weekday != TODAY);
}

/* From civil fields to an instant: the first of a few candidates that is not over yet. */

struct place {
    const struct zone_ops *zones;
    const char *zone;
    int64_t offset;
};

static bool place_now(const struct place *p, int64_t now, struct tm *ret)
{
    return p->zones->to_civil(p->zone, now + p->offset, ret) == 0;
}

static bool place_epoch(const struct place *p, const struct tm *civil, int64_t *ret)
{
    if (p->zones->to_epoch(p->zone, civil, ret) != 0)
        return false;
    *ret -= p->offset;
    return true;
}

struct search {
    struct tm first;
    int days, years; /* from one candidate to the next */
    int count;
    int64_t from; /* the earliest instant that fits */
};

static bool is_date(int year, int month, int mday)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int full = year + 1900;
    bool leap = (full % 4 == 0 && full % 100 != 0) || full % 400 == 0;

    return mday <= lengths[month] + (month == 1 && leap);
}

/* A date of today is not a year away, even at the end of the day with 25 hours. */
static void search_date(struct search *s, const struct moment *m, int64_t now)
{
    s->first.tm_mon = m->month;
    s->first.tm_mday = m->mday;
    if ((m->told & TOLD_YEAR) != 0) {
        s->first.tm_year = m->year;
        return;
    }
    s->first.tm_year--;
    s->years = 1;
    s->count = 3;
    s->from = now - DAY - HOUR;
}

static void search_day(struct search *s, const struct moment *m, int64_t now)
{
    if (m->weekday >= TODAY) {
        s->first.tm_mday += m->weekday - TODAY;
        return;
    }
    s->first.tm_mday += (m->weekday - s->first.tm_wday + 7) % 7 - 7;
    s->days = 7;
    s->count = 3;
    s->from = now - SLACK;
}

static void search_clock(struct search *s, int64_t now)
{
    s->first.tm_mday--;
    s->days = 1;
    s->count = 4;
    s->from = now - SLACK;
}

static struct search search_for(const struct moment *m, const struct tm *today, int64_t now)
{
    struct search s = {.first = *today, .count = 1, .from = earliest};

    s.first.tm_hour = m->hour;
    s.first.tm_min = m->minute;
    s.first.tm_sec = m->second;
    s.first.tm_isdst = -1;
    if ((m->told & TOLD_DATE) != 0)
        search_date(&s, m, now);
    else if ((m->told & TOLD_WEEKDAY) != 0)
        search_day(&s, m, now);
    else
        search_clock(&s, now);
    return s;
}

static bool search_run(const struct search *s, const struct moment *m, const struct place *p,
                       int64_t *ret)
{
    struct tm civil = s->first;
    int64_t epoch;

    for (int i = 0; i < s->count; i++, civil.tm_mday += s->days, civil.tm_year += s->years) {
        if ((m->told & TOLD_DATE) != 0 && !is_date(civil.tm_year, m->month, m->mday))
            continue;
        if (!place_epoch(p, &civil, &epoch) || epoch < s->from)
            continue;
        *ret = epoch;
        return true;
    }
    return false;
}

static bool resolve(const struct moment *m, int64_t now, const struct zone_ops *zones, int64_t *ret)
{
    bool offset = (m->told & TOLD_OFFSET) != 0;
    struct place place = {zones, offset ? "UTC" : m->zone, m->offset};
    struct tm today;

    if (!place_now(&place, now, &today)) {
        place = (struct place){zones, "", 0};
        if (!place_now(&place, now, &today))
            return false;
    }
    struct search search = search_for(m, &today, now);
    return search_run(&search, m, &place, ret);
}

/* What introduces a time. A space stands for any spaces, a dash or an underscore. */

enum {
    EPOCH = 0, /* what all of them take */
    BARE = 4,  /* a number of seconds without a unit */
};

static const struct family {
    const char *words;
    int64_t takes;
} families[] = {
    {"resets", MOMENT},
    {"reset", MOMENT},
    {"regain access", MOMENT},
    {"try again", MOMENT},
    {"retry after", MOMENT | SPAN | BARE},
    {"limit reached", EPOCH},
};

static bool match_family(struct cursor *c, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == ' ' && (take(c, "-_") || skip(c, SPACE | LINE) != 0))
            continue;
        if (*words == ' ' || lower(peek(c, 0)) != *words)
            return false;
        c->at++;
    }
    return !is_alnum(peek(c, 0)) && !is_among(peek(c, 0), "-_");
}

/* Ten digits are seconds, thirteen milliseconds. */
static bool read_epoch(struct cursor c, int64_t *ret)
{
    int64_t value;
    bool seconds = read_number(&c, 10, 10, &value);

    if ((!seconds && !read_number(&c, 13, 13, &value)) || is_alnum(peek(&c, 0)))
        return false;
    *ret = seconds ? value : (value + 999) / 1000;
    return true;
}

static bool read_time(struct cursor c, int64_t takes, int64_t now, const struct zone_ops *zones,
                      int64_t *ret)
{
    bool labelled = (skip(&c, BETWEEN | QUOTE | COLON) & COLON) != 0;
    struct moment m;
    int64_t seconds;

    if (read_epoch(c, ret))
        return true;
    if (takes != EPOCH)
        takes = skip_prepositions(&c, takes);
    if ((takes & MOMENT) != 0 && read_moment(c, &m))
        return resolve(&m, now, zones, ret);
    if (((takes & SPAN) == 0 || !read_span(c, &seconds)) &&
        ((takes & BARE) == 0 || !read_seconds(c, labelled, &seconds)))
        return false;
    *ret = now + seconds;
    return true;
}

static bool find_at(struct cursor c, int64_t now, const struct zone_ops *zones, int64_t *ret)
{
    int64_t epoch;

    for (size_t i = 0; i < COUNT(families); i++) {
        struct cursor t = c;

        if (!match_family(&t, families[i].words) ||
            !read_time(t, families[i].takes, now, zones, &epoch))
            continue;
        if (epoch < earliest || epoch > now + AHEAD_MAX)
            continue;
        *ret = epoch;
        return true;
    }
    return false;
}

bool resettime_find(const char *text, int64_t now, const struct zone_ops *zones, int64_t *ret_epoch)
{
    if (text == NULL || now < 0 || now > latest)
        return false;

    struct cursor c = {text, text + strnlen(text, TEXT_MAX)};
    for (bool inside = false; c.at < c.end; c.at++) {
        if (!inside && find_at(c, now, zones, ret_epoch))
            return true;
        inside = is_alnum(*c.at);
    }
    return false;
}
