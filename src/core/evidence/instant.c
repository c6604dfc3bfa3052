#include "core/evidence/instant.h"

#include "core/evidence/moment.h"

#include <time.h>

enum {
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    HALF_YEAR = 183 * DAY,
    SLACK = 2 * MINUTE,
};

struct local {
    const struct zone_ops *zones;
    const char *zone;
    int64_t offset;
};

static bool local_now(const struct local *p, int64_t now, struct tm *ret)
{
    return p->zones->to_civil(p->zone, now + p->offset, ret) == 0;
}

static bool local_epoch(const struct local *p, const struct tm *civil, int64_t *ret)
{
    if (p->zones->to_epoch(p->zone, civil, ret) != 0)
        return false;
    *ret -= p->offset;
    return true;
}

/* Of a few candidates the first that is not over yet. */
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

/* Of a date without a year the nearest: yesterday's is past, not a year away. */
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
    s->from = now - HALF_YEAR;
}

static void search_day(struct search *s, const struct moment *m, int64_t now)
{
    if (m->weekday >= MOMENT_TODAY) {
        s->first.tm_mday += m->weekday - MOMENT_TODAY;
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
    struct search s = {.first = *today, .count = 1, .from = INT64_MIN};

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

static bool search_run(const struct search *s, const struct moment *m, const struct local *p,
                       int64_t *ret)
{
    struct tm civil = s->first;
    int64_t epoch;

    for (int i = 0; i < s->count; i++, civil.tm_mday += s->days, civil.tm_year += s->years) {
        if ((m->told & TOLD_DATE) != 0 && !is_date(civil.tm_year, m->month, m->mday))
            continue;
        if (!local_epoch(p, &civil, &epoch) || epoch < s->from)
            continue;
        *ret = epoch;
        return true;
    }
    return false;
}

bool instant_find(const struct moment *m, int64_t now, const struct zone_ops *zones,
                  int64_t *ret_epoch)
{
    bool offset = (m->told & TOLD_OFFSET) != 0;
    struct local local = {zones, offset ? "UTC" : m->zone, m->offset};
    struct tm today;

    if (!local_now(&local, now, &today)) {
        local = (struct local){zones, "", 0};
        if (!local_now(&local, now, &today))
            return false;
    }
    struct search search = search_for(m, &today, now);
    return search_run(&search, m, &local, ret_epoch);
}
