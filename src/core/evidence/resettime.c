#include "core/evidence/resettime.h"

#include "base/cursor.h"
#include "core/evidence/moment.h"
#include "core/evidence/span.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum {
    TEXT_MAX = 65536,
    AHEAD_MAX = 400 * 86400,
};

static const int64_t earliest = 1577836800; /* 2020-01-01 */
static const int64_t latest = 253402300799; /* 9999-12-31: sums with it cannot overflow */

enum {
    TAKES_EPOCH = 0,        /* what all of them take */
    TAKES_BARE = TAKES_OWN, /* a number of seconds without a unit */
};

/* What introduces a time. A space matches any spaces, a dash or an underscore. */
static const struct opening {
    const char *words;
    int64_t takes;
} leads[] = {
    {"resets", TAKES_MOMENT},
    {"reset", TAKES_MOMENT},
    {"regain access", TAKES_MOMENT},
    {"try again", TAKES_MOMENT},
    {"retry after", TAKES_MOMENT | TAKES_SPAN | TAKES_BARE},
    {"retry in", TAKES_SPAN},
    {"retrying in", TAKES_SPAN},
    {"available again", TAKES_MOMENT},
    {"limit reached", TAKES_EPOCH},
};

static bool match_lead(struct cursor *c, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == ' ' && (cursor_take(c, "-_") || cursor_skip(c, GAP_SPACE | GAP_LINE) != 0))
            continue;
        if (*words == ' ' || char_lower(cursor_peek(c, 0)) != *words)
            return false;
        c->at++;
    }
    return !char_is_alnum(cursor_peek(c, 0)) && !char_is_among(cursor_peek(c, 0), "-_");
}

/* Ten digits are seconds, thirteen milliseconds. */
static bool read_epoch(struct cursor c, int64_t *ret)
{
    int64_t value;
    bool seconds = cursor_read_number(&c, 10, 10, &value);

    if ((!seconds && !cursor_read_number(&c, 13, 13, &value)) || char_is_alnum(cursor_peek(&c, 0)))
        return false;
    *ret = seconds ? value : (value + 999) / 1000;
    return true;
}

static bool read_time(struct cursor c, int64_t takes, int64_t now, const struct zone_ops *zones,
                      int64_t *ret)
{
    bool labelled = (cursor_skip(&c, GAP_BETWEEN | GAP_QUOTE | GAP_COLON) & GAP_COLON) != 0;
    struct moment m;
    int64_t seconds;

    if (read_epoch(c, ret))
        return true;
    if (takes != TAKES_EPOCH)
        takes = moment_skip_prepositions(&c, takes);
    if ((takes & TAKES_MOMENT) != 0 && moment_read(c, &m))
        return instant_find(&m, now, zones, ret);
    if (((takes & TAKES_SPAN) == 0 || !span_read(c, &seconds)) &&
        ((takes & TAKES_BARE) == 0 || !span_read_bare(c, labelled, &seconds)))
        return false;
    *ret = now + seconds;
    return true;
}

static bool find_at(struct cursor c, int64_t now, const struct zone_ops *zones, int64_t *ret)
{
    int64_t epoch;

    for (size_t i = 0; i < COUNT(leads); i++) {
        struct cursor t = c;

        if (!match_lead(&t, leads[i].words) || !read_time(t, leads[i].takes, now, zones, &epoch))
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
        inside = char_is_alnum(*c.at);
    }
    return false;
}
