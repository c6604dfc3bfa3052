#include "core/evidence/resettime.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NOW          "2026-11-20T18:00:00Z" /* a Friday */

/* Zones that need no file. The machine's own is +02:00, so that it shows when UTC is meant. */

struct fake_zone {
    const char *name;
    int64_t standard, summer;
};

static const struct fake_zone fake_zones[] = {
    {"", 7200, 7200},
    {"UTC", 0, 0},
    {"Test/East", 19800, 19800},
    {"Test/West", -28800, -28800},
    {"EST", -18000, -18000},
    {"Test/Dst", 3600, 7200},
};

static bool machine_zone_is_lost;

static const struct fake_zone *fake_find(const char *name)
{
    if (name == NULL)
        name = "";
    for (size_t i = 0; i < COUNT(fake_zones); i++)
        if (strcmp(name, fake_zones[i].name) == 0 && !(name[0] == '\0' && machine_zone_is_lost))
            return &fake_zones[i];
    return NULL;
}

static int64_t parse(const char *iso)
{
    struct tm civil = {0};
    const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &civil);

    assert_non_null(rest);
    assert_int_equal(*rest, '\0');
    return timegm(&civil);
}

static int64_t fake_offset(const struct fake_zone *zone, int64_t epoch)
{
    bool summer = epoch >= parse("2026-03-29T01:00:00Z") && epoch < parse("2026-10-25T01:00:00Z");

    return summer ? zone->summer : zone->standard;
}

static int fake_to_civil(const char *name, int64_t epoch, struct tm *ret)
{
    const struct fake_zone *zone = fake_find(name);

    if (zone == NULL)
        return -EINVAL;
    time_t shifted = epoch + fake_offset(zone, epoch);
    assert_non_null(gmtime_r(&shifted, ret));
    return 0;
}

/* The later instant in an overlap, the time after the jump in a gap: as zone_system. */
static int fake_to_epoch(const char *name, const struct tm *civil, int64_t *ret)
{
    const struct fake_zone *zone = fake_find(name);
    struct tm copy = *civil;

    assert_int_equal(civil->tm_isdst, -1);
    if (zone == NULL)
        return -EINVAL;
    int64_t wall = timegm(&copy);
    int64_t later = wall - zone->standard, earlier = wall - zone->summer;
    bool summer =
        fake_offset(zone, later) != zone->standard && fake_offset(zone, earlier) == zone->summer;
    *ret = summer ? earlier : later;
    return 0;
}

static const struct zone_ops fake_ops = {fake_to_civil, fake_to_epoch};

/* NULL for expect: no time may be found. */
struct sample {
    const char *now;
    const char *text;
    const char *expect;
};

static void format(int64_t epoch, char *buffer, size_t size)
{
    time_t t = epoch;
    struct tm civil;

    assert_non_null(gmtime_r(&t, &civil));
    assert_true(strftime(buffer, size, "%Y-%m-%dT%H:%M:%SZ", &civil) > 0);
}

static void check(const struct sample *sample)
{
    const int64_t untouched = -77;
    int64_t epoch = untouched;
    /* A copy of its exact length, so that the sanitizer sees a byte read too many. */
    char *text = strdup(sample->text);
    bool found = resettime_find(text, parse(sample->now), &fake_ops, &epoch);
    char got[64] = "nothing";

    free(text);
    if (found)
        format(epoch, got, sizeof(got));
    else
        assert_int_equal(epoch, untouched);
    if (strcmp(got, sample->expect != NULL ? sample->expect : "nothing") != 0)
        fail_msg("\"%s\" at %s: %s, not %s", sample->text, sample->now, got,
                 sample->expect != NULL ? sample->expect : "nothing");
}

static void check_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(&samples[i]);
}

static void test_clock_forms(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "You've hit your session limit · resets 11:21pm (UTC)", "2026-11-20T23:21:00Z"},
        {NOW, "You've hit your limit · resets 11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "5-hour limit reached ∙ resets 5am", "2026-11-21T03:00:00Z"},
        {NOW, "limit reached • resets at 23:30", "2026-11-20T21:30:00Z"},
        {NOW, "limit reached | resets 23:30:15 (UTC)", "2026-11-20T23:30:15Z"},
        {NOW, "RESETS 11:21PM (UTC)", "2026-11-20T23:21:00Z"},
        {NOW, "resets 11:21\u202fPM (UTC)", "2026-11-20T23:21:00Z"},
        {NOW, "resets\u00a011:21 pm\u2009(UTC)", "2026-11-20T23:21:00Z"},
        {NOW, "resets 11:21 p.m. (UTC)", "2026-11-20T23:21:00Z"},
        {NOW, "resets\nat\t11pm\r\n(UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "resets · 11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "resets 12am (UTC)", "2026-11-21T00:00:00Z"},
        {NOW, "resets 12pm (UTC)", "2026-11-21T12:00:00Z"},
        {NOW, "resets 12:05am (UTC)", "2026-11-21T00:05:00Z"},
        {NOW, "resets 00:00 UTC", "2026-11-21T00:00:00Z"},
        {NOW, "Your limit will reset at 11pm (Test/West). Upgrade now", "2026-11-21T07:00:00Z"},
        {NOW, "Limit reached. Your limit will reset at 11pm UTC, so wait", "2026-11-20T23:00:00Z"},
        {NOW, "{\"result\":\"limit · resets 11:22pm (UTC)\",\"x\":1}", "2026-11-20T23:22:00Z"},
        {NOW, "You will regain access at 11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "please try again after 11pm UTC", "2026-11-20T23:00:00Z"},
        {NOW, "resets 23:30Z", "2026-11-20T23:30:00Z"},
        {NOW, "nothing resets here, but this resets 11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "resets ∙ • |, at\v\f11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "reset=`11pm (UTC)`", "2026-11-20T23:00:00Z"},
        {NOW, "resets.11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "resets 11:59:59pm UTC", "2026-11-20T23:59:59Z"},
        {NOW, "resets 11:59:59.9pm UTC", "2026-11-20T23:59:59Z"},
        {NOW, "regain\naccess 11pm UTC", "2026-11-20T23:00:00Z"},
        {NOW, "resets·11pm·UTC", "2026-11-20T23:00:00Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_next_clock_time(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"2026-11-20T18:00:00Z", "resets 6pm (UTC)", "2026-11-20T18:00:00Z"},
        {"2026-11-20T18:02:00Z", "resets 6pm (UTC)", "2026-11-20T18:00:00Z"},
        {"2026-11-20T18:02:01Z", "resets 6pm (UTC)", "2026-11-21T18:00:00Z"},
        {"2026-11-20T17:59:59Z", "resets 6pm (UTC)", "2026-11-20T18:00:00Z"},
        {"2026-11-21T00:01:00Z", "resets 11:59pm (UTC)", "2026-11-20T23:59:00Z"},
        {"2026-11-21T00:01:01Z", "resets 11:59pm (UTC)", "2026-11-21T23:59:00Z"},
        {"2026-12-31T23:00:00Z", "resets 1am (UTC)", "2027-01-01T01:00:00Z"},
        {"2028-02-28T23:00:00Z", "resets 1am (UTC)", "2028-02-29T01:00:00Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_dates(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "weekly limit · resets Nov 24, 8:41am (UTC)", "2026-11-24T08:41:00Z"},
        {NOW, "resets Nov 24, 8:41am (Test/East)", "2026-11-24T03:11:00Z"},
        {NOW, "Limit reached · resets Dec 17 at 6am (Test/West)", "2026-12-17T14:00:00Z"},
        {NOW, "resets Dec 17", "2026-12-16T22:00:00Z"},
        {NOW, "resets Dec 17 (UTC)", "2026-12-17T00:00:00Z"},
        {NOW, "resets Dec 17, 2026, 6am (UTC)", "2026-12-17T06:00:00Z"},
        {NOW, "resets Jan 2, 2027, 3am (UTC)", "2027-01-02T03:00:00Z"},
        {NOW, "resets on december 17th at 06:30 (UTC)", "2026-12-17T06:30:00Z"},
        {NOW, "resets Dec. 17 6am (UTC)", "2026-12-17T06:00:00Z"},
        {NOW, "resets 17 Dec 2026 06:30 UTC", "2026-12-17T06:30:00Z"},
        {NOW, "resets 6am on Dec 17 (UTC)", "2026-12-17T06:00:00Z"},
        {NOW, "resets Nov 24,\n8:41am (UTC)", "2026-11-24T08:41:00Z"},
        {NOW, "resets 11pm (UTC)\n2026-11-19 10:00:00 next line", "2026-11-20T23:00:00Z"},
        {NOW, "resets 5am\n2026-11-19 10:00:00 next line", "2026-11-21T03:00:00Z"},
        {NOW, "resets Feb 29, 2028, 6am (UTC)", NULL},
        {"2028-02-01T00:00:00Z", "resets Feb 29, 6am (UTC)", "2028-02-29T06:00:00Z"},
        {NOW, "resets Feb 29, 6am (UTC)", NULL},
        {NOW, "resets Nov 31, 6am (UTC)", NULL},
        {NOW, "resets Dec 0", NULL},
        {NOW, "resets Dec 32", NULL},
        {NOW, "resets Dec\n17 (UTC)", "2026-12-17T00:00:00Z"},
        {NOW, "resets Dec 17, 20:30 (UTC)", "2026-12-17T20:30:00Z"},
        {NOW, "resets Dec 17, 1999 runs left", "2026-12-16T22:00:00Z"},
        {NOW, "resets Dec 17, 2027x", "2026-12-16T22:00:00Z"},
        {NOW, "resets Dec 17: 6am (UTC)", NULL},
        {NOW, "resets Dec 17x", NULL},
    };
    check_all(samples, COUNT(samples));
}

static void test_months(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "resets Jan 31 (UTC)", "2027-01-31T00:00:00Z"},
        {NOW, "resets february 28 (UTC)", "2027-02-28T00:00:00Z"},
        {NOW, "resets Mar 31 (UTC)", "2027-03-31T00:00:00Z"},
        {NOW, "resets APR 30 (UTC)", "2027-04-30T00:00:00Z"},
        {NOW, "resets May 31 (UTC)", "2026-05-31T00:00:00Z"},
        {NOW, "resets June 30 (UTC)", "2026-06-30T00:00:00Z"},
        {NOW, "resets Jul 31 (UTC)", "2026-07-31T00:00:00Z"},
        {NOW, "resets Aug 31 (UTC)", "2026-08-31T00:00:00Z"},
        {NOW, "resets Sept 30 (UTC)", "2026-09-30T00:00:00Z"},
        {NOW, "resets Oct 31 (UTC)", "2026-10-31T00:00:00Z"},
        {NOW, "resets Nov 30 (UTC)", "2026-11-30T00:00:00Z"},
        {NOW, "resets Dec 31 (UTC)", "2026-12-31T00:00:00Z"},
        {NOW, "resets Sep 31 (UTC)", NULL},
        {NOW, "resets Feb 30 (UTC)", NULL},
        {NOW, "resets De 31 (UTC)", NULL},
        {NOW, "resets Decem 31 (UTC)", "2026-12-31T00:00:00Z"},
        {NOW, "resets Decimal 31 (UTC)", NULL},
    };
    check_all(samples, COUNT(samples));
}

static void test_nearest_year(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"2026-12-30T12:00:00Z", "resets Jan 2, 3am (UTC)", "2027-01-02T03:00:00Z"},
        {"2027-01-01T00:30:00Z", "resets Dec 31, 11:59pm (UTC)", "2026-12-31T23:59:00Z"},
        {"2026-11-20T18:00:00Z", "resets Nov 20, 3am (UTC)", "2026-11-20T03:00:00Z"},
        {"2026-11-20T18:00:00Z", "resets Nov 19, 6pm (UTC)", "2026-11-19T18:00:00Z"},
        {"2026-11-20T18:00:00Z", "resets Nov 19, 4:59pm (UTC)", "2026-11-19T16:59:00Z"},
        {"2026-11-26T02:00:00Z", "resets May 2 (UTC)", "2027-05-02T00:00:00Z"},
        {"2026-11-26T02:00:00Z", "resets Nov 24 (UTC)", "2026-11-24T00:00:00Z"},
        /* A day of 25 hours: its own midnight is 24 and a half hours ago. */
        {"2026-10-25T22:30:00Z", "resets Oct 25 (Test/Dst)", "2026-10-24T22:00:00Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_weekdays(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "resets Monday at 9am (UTC)", "2026-11-23T09:00:00Z"},
        {NOW, "resets on Mon 9am (UTC)", "2026-11-23T09:00:00Z"},
        {NOW, "resets Monday (UTC)", "2026-11-23T00:00:00Z"},
        {NOW, "resets Friday at 7pm (UTC)", "2026-11-20T19:00:00Z"},
        {NOW, "resets Friday at 5:57pm (UTC)", "2026-11-27T17:57:00Z"},
        {NOW, "resets Thursday at 9am (UTC)", "2026-11-26T09:00:00Z"},
        {NOW, "resets tomorrow at 9am (UTC)", "2026-11-21T09:00:00Z"},
        {NOW, "resets 9am tomorrow (UTC)", "2026-11-21T09:00:00Z"},
        {NOW, "resets tomorrow", "2026-11-20T22:00:00Z"},
        {NOW, "resets today at 9pm (UTC)", "2026-11-20T21:00:00Z"},
        {NOW, "try again today", NULL},
        {"2026-11-24T00:01:00Z", "resets Monday 11:59pm (UTC)", "2026-11-23T23:59:00Z"},
        {"2026-12-31T12:00:00Z", "resets tomorrow at 9am (UTC)", "2027-01-01T09:00:00Z"},
        {NOW, "resets sunday (UTC)", "2026-11-22T00:00:00Z"},
        {NOW, "resets tues (UTC)", "2026-11-24T00:00:00Z"},
        {NOW, "resets Wednesday (UTC)", "2026-11-25T00:00:00Z"},
        {NOW, "resets Thurs (UTC)", "2026-11-26T00:00:00Z"},
        {NOW, "resets FRI (UTC)", "2026-11-27T00:00:00Z"},
        {NOW, "resets sat (UTC)", "2026-11-21T00:00:00Z"},
        {NOW, "resets mo 9am (UTC)", NULL},
        {NOW, "resets mondays at 9am (UTC)", NULL},
    };
    check_all(samples, COUNT(samples));
}

static void test_iso(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "You will regain access on 2026-12-01 at 00:00 UTC.", "2026-12-01T00:00:00Z"},
        {NOW, "resets 2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {NOW, "reset at 2026-12-01t00:00:00.123456z", "2026-12-01T00:00:00Z"},
        {NOW, "resets 2026-12-01T00:00:00+02:00", "2026-11-30T22:00:00Z"},
        {NOW, "resets 2026-12-01T00:00:00-0530", "2026-12-01T05:30:00Z"},
        {NOW, "resets 2026-12-01 08:30:00 +0000", "2026-12-01T08:30:00Z"},
        {NOW, "resets 2026-12-01 08:30", "2026-12-01T06:30:00Z"},
        {NOW, "resets 2026-12-01", "2026-11-30T22:00:00Z"},
        {NOW, "anthropic-ratelimit-tokens-reset: 2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {NOW, "\\\"reset\\\": \\\"2026-12-01T00:00:00Z\\\"", "2026-12-01T00:00:00Z"},
        {NOW, "Retry-After: Tue, 01 Dec 2026 07:28:00 GMT", "2026-12-01T07:28:00Z"},
        {NOW, "resets 2026-13-01T00:00:00Z", NULL},
        {NOW, "resets 2026-02-30T00:00:00Z", NULL},
        {NOW, "resets 2027-02-29T00:00:00Z", NULL},
        {NOW, "resets 2026/12/01 08:30 UTC", "2026-12-01T08:30:00Z"},
        {NOW, "resets 2026-12-1", NULL},
        {NOW, "resets 2026-1-01", NULL},
        {NOW, "resets 2026-12-01Tx", NULL},
        {NOW, "resets 2026-12-01T0:00Z", "2026-12-01T00:00:00Z"},
        {NOW, "resets 2026-12-01T00:00:5Z", "2026-11-30T22:00:00Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_zones(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "resets 11pm (Nowhere/At_all)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (local time)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm ()", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (Test/West", "2026-11-21T07:00:00Z"},
        {NOW, "resets 11pm Test/West", "2026-11-21T07:00:00Z"},
        {NOW, "resets 11pm ( Test/West )", "2026-11-21T07:00:00Z"},
        {NOW, "resets 11pm (EST)", "2026-11-21T04:00:00Z"},
        {NOW, "resets 11pm EST", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (utc)", "2026-11-20T23:00:00Z"},
        {NOW, "resets 11pm gmt", "2026-11-20T23:00:00Z"},
        {NOW, "resets 11pm (UTC+2)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (GMT-5:30)", "2026-11-21T04:30:00Z"},
        {NOW, "resets 11pm (+05:30)", "2026-11-21T17:30:00Z"},
        {NOW, "resets 11pm -10 left", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (UTC+99)", "2026-11-20T23:00:00Z"},
        {NOW,
         "resets 11pm "
         "(Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/B)",
         "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (+14:00)", "2026-11-21T09:00:00Z"},
        {NOW, "resets 11pm (-14:00)", "2026-11-21T13:00:00Z"},
        {NOW, "resets 11pm (+05:59)", "2026-11-21T17:01:00Z"},
        {NOW, "resets 11pm (+15:00)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm +5:00", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (+05:5)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (UTC5)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (UTCx)", "2026-11-20T21:00:00Z"},
        {NOW, "resets 11pm (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
         "2026-11-20T21:00:00Z"},
        {NOW, "resets today at 1am (+14:00)", "2026-11-20T11:00:00Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_daylight_saving(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        /* Spring: 02:00 is 03:00 on March 29. */
        {"2026-03-28T12:00:00Z", "resets 1:59am (Test/Dst)", "2026-03-29T00:59:00Z"},
        {"2026-03-28T12:00:00Z", "resets 3am (Test/Dst)", "2026-03-29T01:00:00Z"},
        {"2026-03-28T12:00:00Z", "resets 2:30am (Test/Dst)", "2026-03-29T01:30:00Z"},
        {"2026-03-28T12:00:00Z", "resets Mar 29, 11pm (Test/Dst)", "2026-03-29T21:00:00Z"},
        /* Autumn: 03:00 is 02:00 again on October 25. */
        {"2026-10-24T20:00:00Z", "resets 1am (Test/Dst)", "2026-10-24T23:00:00Z"},
        {"2026-10-24T20:00:00Z", "resets 2:30am (Test/Dst)", "2026-10-25T01:30:00Z"},
        {"2026-10-24T20:00:00Z", "resets 3am (Test/Dst)", "2026-10-25T02:00:00Z"},
        {"2026-10-25T01:10:00Z", "resets 2:30am (Test/Dst)", "2026-10-25T01:30:00Z"},
        {"2026-10-24T22:30:00Z", "resets 11:45pm (Test/Dst)", "2026-10-25T22:45:00Z"},
        /* In July the date is in winter. */
        {"2026-07-01T12:00:00Z", "resets Dec 1, 6am (Test/Dst)", "2026-12-01T05:00:00Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_spans(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "resets in 3h 20m", "2026-11-20T21:20:00Z"},
        {NOW, "resets in 3h20m.", "2026-11-20T21:20:00Z"},
        {NOW, "limit reached · resets in 45 minutes", "2026-11-20T18:45:00Z"},
        {NOW, "resets in 2 hours and 5 minutes", "2026-11-20T20:05:00Z"},
        {NOW, "resets in 1 day, 2 hours", "2026-11-21T20:00:00Z"},
        {NOW, "resets in 2 weeks", "2026-12-04T18:00:00Z"},
        {NOW, "Please try again in 20s. Visit", "2026-11-20T18:00:20Z"},
        {NOW, "try again in 20 seconds", "2026-11-20T18:00:20Z"},
        {NOW, "Try  Again in 1 SEC", "2026-11-20T18:00:01Z"},
        {NOW, "try again in 6m0.25s", "2026-11-20T18:06:01Z"},
        {NOW, "try again in 358ms", "2026-11-20T18:00:01Z"},
        {NOW, "quota will reset after 1h2m3s", "2026-11-20T19:02:03Z"},
        {NOW, "retry-after: 30", "2026-11-20T18:00:30Z"},
        {NOW, "retry-after: 30\nx-should-retry: true", "2026-11-20T18:00:30Z"},
        {NOW, "'retry-after': '30', 'x': '1'", "2026-11-20T18:00:30Z"},
        {NOW, "{\"retry-after\":\"30\"}", "2026-11-20T18:00:30Z"},
        {NOW, "{\\\"retry_after\\\":30}", "2026-11-20T18:00:30Z"},
        {NOW, "retry after 30 seconds", "2026-11-20T18:00:30Z"},
        {NOW, "Retry after 30.", "2026-11-20T18:00:30Z"},
        {NOW, "retry-after: 0", NOW},
        {NOW, "retry-after: 90s", "2026-11-20T18:01:30Z"},
        {NOW, "resets in 400 days", "2027-12-25T18:00:00Z"},
        {NOW, "resets in 401 days", NULL},
        {NOW, "retry after 3 attempts", NULL},
        {NOW, "retry-after-ms: 500", NULL},
        {NOW, "retry-after: 30x", NULL},
        {NOW, "retry-after: 30-60", NULL},
        {NOW, "try again in 30", NULL},
        {NOW, "resets in 12:30", NULL},
        {NOW, "resets 5 days a week", NULL},
        {NOW, "try again in a moment", NULL},
        {NOW, "try again in 1 ms", "2026-11-20T18:00:01Z"},
        {NOW, "try again in 1000 ms", "2026-11-20T18:00:01Z"},
        {NOW, "try again in 2000 milliseconds", "2026-11-20T18:00:02Z"},
        {NOW, "try again in 5 secs", "2026-11-20T18:00:05Z"},
        {NOW, "try again in 5 mins", "2026-11-20T18:05:00Z"},
        {NOW, "try again in 1 hr", "2026-11-20T19:00:00Z"},
        {NOW, "try again in 2 hrs", "2026-11-20T20:00:00Z"},
        {NOW, "try again in 1d 2h", "2026-11-21T20:00:00Z"},
        {NOW, "try again in 1w", "2026-11-27T18:00:00Z"},
        {NOW, "try again in 2\nhours\nand\n5 min", "2026-11-20T20:05:00Z"},
        {NOW, "try again in 2 hours, \n5 min", "2026-11-20T20:05:00Z"},
        {NOW, "try again in 20s. 3 hours ago", "2026-11-20T18:00:20Z"},
        {NOW, "retry-after: 1234567", "2026-12-05T00:56:07Z"},
        {NOW, "retry-after: 30 requests", "2026-11-20T18:00:30Z"},
        {NOW, "retry_after=30", "2026-11-20T18:00:30Z"},
        {NOW, "retry after=30 x", "2026-11-20T18:00:30Z"},
        {NOW, "resets in 5.m", NULL},
        {NOW, "retry after three seconds", NULL},
    };
    check_all(samples, COUNT(samples));
}

static void test_epochs(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "Claude AI usage limit reached|1747909518", "2025-05-22T10:25:18Z"},
        {NOW, "Claude AI usage limit reached|1747909518 (x)", "2025-05-22T10:25:18Z"},
        {NOW, "Claude AI usage limit reached|1795215603000", "2026-11-20T23:00:03Z"},
        {NOW, "Claude AI usage limit reached|1795215603001", "2026-11-20T23:00:04Z"},
        {NOW, "limit reached. Nothing. resets 1795215603", "2026-11-20T23:00:03Z"},
        {NOW, "anthropic-ratelimit-unified-5h-reset: 1795215603", "2026-11-20T23:00:03Z"},
        {NOW, "limit reached|1577836800", "2020-01-01T00:00:00Z"},
        {NOW, "limit reached|1577836799", NULL},
        {NOW, "limit reached|1829757600", "2027-12-25T18:00:00Z"},
        {NOW, "limit reached|1829757601", NULL},
        {NOW, "limit reached|179521560", NULL},
        {NOW, "limit reached|17952156030", NULL},
        {NOW, "limit reached|1795215603a", NULL},
        {NOW, "limit reached|99999999999999999999999999999999", NULL},
        {NOW, "limit reached|9999999999999", NULL},
        {NOW, "limit reached|0 resets 1795215603", "2026-11-20T23:00:03Z"},
    };
    check_all(samples, COUNT(samples));
}

static void test_prose(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {NOW, "", NULL},
        {NOW, "Meet me at 11pm (UTC) on Nov 24.", NULL},
        {NOW, "The build of 2026-12-01T00:00:00Z passed in 3h 20m", NULL},
        {NOW, "You've hit your limit. 11pm (UTC)", NULL},
        {NOW, "Limit reached · 11pm (UTC)", NULL},
        {NOW, "usage limit reached, wait 30 seconds", NULL},
        {NOW, "read ECONNRESET 11pm", NULL},
        {NOW, "preset 11:30", NULL},
        {NOW, "resetting 11:30", NULL},
        {NOW, "connection reset by peer at 11:30", NULL},
        {NOW, "git reset --hard 1795215603", NULL},
        {NOW, "It never resets. 11pm is fine, and 12:30 too.", NULL},
        {NOW, "resets 5", NULL},
        {NOW, "resets 5 runs", NULL},
        {NOW, "resets 11pmish", NULL},
        {NOW, "resets 13pm", NULL},
        {NOW, "resets 24:00", NULL},
        {NOW, "resets 12:60", NULL},
        {NOW, "resets 12:5", NULL},
        {NOW, "resets 12:30x", NULL},
        {NOW, "resets 123:30", NULL},
        {NOW, "resets 12:30:60", NULL},
        {NOW, "resets 5 a day", NULL},
        {NOW, "resets next month", NULL},
        {NOW, "server-side issue, usually temporary — try again in a moment. 5am", NULL},
        {NOW, "please try again later", NULL},
        {NOW, "resets 2031-01-01", NULL},
        {NOW, "resets 9999-12-31T23:59:59Z", NULL},
        {NOW, "resets 0000-01-01T00:00:00Z", NULL},
        {NOW, "resets 1999-01-01T00:00:00Z", NULL},
        {NOW, "resets in 9999999 weeks", NULL},
        {NOW, "resets in 99999999999999999999 s", NULL},
        {NOW, "resets in 9999999w 9999999w 9999999w", NULL},
        {NOW, "retry-after: 99999999", NULL},
        {NOW, "It resets.\n11pm is fine", NULL},
        {NOW, "It resets.", NULL},
        {NOW, "resets5pm", NULL},
        {NOW, "resets_5pm resets-5pm", NULL},
        {NOW, "resets 5 p.x", NULL},
        {NOW, "resets 5 pm5", NULL},
        {NOW, "resets 5 p.m", NULL},
        {NOW, "resets :30", NULL},
        {NOW, "resets 12:30:5", NULL},
    };
    check_all(samples, COUNT(samples));
}

/* A time cut off anywhere is a shorter text: nothing behind its end may be read. */
static void test_every_prefix(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "· resets Wed, Nov 24th, 2026 at 8:41:07.5 p.m. (America/New_York)",
        "regain access on 2026-12-01T00:00:00.000+02:00 UTC-05:30",
        "'retry-after': 'in 3h 20 minutes, 5s and 1.25 s'",
        "usage limit reached|1795215603000 · resets\u202f\u2009•∙",
    };
    int64_t now = parse(NOW), last = now + INT64_C(400) * 86400;

    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t length = 0; length <= strlen(texts[i]); length++) {
            char *text = strndup(texts[i], length);
            int64_t epoch = -77;
            bool found = resettime_find(text, now, &fake_ops, &epoch);

            assert_true(found ? epoch >= 1577836800 && epoch <= last : epoch == -77);
            free(text);
        }
}

static void test_text_bound(void **state)
{
    (void)state;
    const char tail[] = " resets 11pm";
    size_t bound = 65536, size = bound + 2;
    char *text = malloc(size);
    int64_t epoch = -77;

    assert_non_null(text);
    memset(text, 'x', size);
    strcpy(text + bound - strlen(tail), tail);
    assert_true(resettime_find(text, parse(NOW), &fake_ops, &epoch));
    assert_int_equal(epoch, parse("2026-11-20T21:00:00Z"));

    epoch = -77;
    memset(text, 'x', size);
    strcpy(text + bound + 1 - strlen(tail), tail);
    assert_false(resettime_find(text, parse(NOW), &fake_ops, &epoch));
    assert_int_equal(epoch, -77);
    free(text);
}

static void test_absurd_arguments(void **state)
{
    (void)state;
    static const int64_t clocks[] = {INT64_MIN, -1, INT64_C(253402300800), INT64_MAX};
    int64_t epoch = -77;

    for (size_t i = 0; i < COUNT(clocks); i++)
        assert_false(resettime_find("resets in 5s", clocks[i], &fake_ops, &epoch));
    assert_false(resettime_find(NULL, parse(NOW), &fake_ops, &epoch));
    assert_int_equal(epoch, -77);
    assert_true(resettime_find("resets in 5s", INT64_C(253402300799), &fake_ops, &epoch));
    assert_int_equal(epoch, INT64_C(253402300804));
}

static void test_no_zone_at_all(void **state)
{
    (void)state;
    static const struct sample lost[] = {
        {NOW, "resets 11pm", NULL},
        {NOW, "resets 11pm (Nowhere/At_all)", NULL},
        {NOW, "resets 11pm (UTC)", "2026-11-20T23:00:00Z"},
        {NOW, "resets in 5s", "2026-11-20T18:00:05Z"},
    };
    machine_zone_is_lost = true;
    check_all(lost, COUNT(lost));
}

static int find_machine_zone(void **state)
{
    (void)state;
    machine_zone_is_lost = false;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_forms),
        cmocka_unit_test(test_next_clock_time),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_months),
        cmocka_unit_test(test_nearest_year),
        cmocka_unit_test(test_weekdays),
        cmocka_unit_test(test_iso),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_daylight_saving),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_prose),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_text_bound),
        cmocka_unit_test(test_absurd_arguments),
        cmocka_unit_test_teardown(test_no_zone_at_all, find_machine_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
