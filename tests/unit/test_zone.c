#include "system/zone.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int64_t parse(const char *iso, struct tm *ret_civil)
{
    struct tm civil = {0};
    const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &civil);

    assert_non_null(rest);
    assert_true(strcmp(rest, "") == 0 || strcmp(rest, "Z") == 0);
    *ret_civil = civil;
    ret_civil->tm_isdst = -1;
    ret_civil->tm_wday = ret_civil->tm_yday = 99;
    return timegm(&civil);
}

static void need_tzdata(void)
{
    static const char *const files[] = {
        "/usr/share/zoneinfo/Europe/Berlin",
        "/usr/share/zoneinfo/America/New_York",
        "/usr/share/zoneinfo/Asia/Tokyo",
    };

    for (size_t i = 0; i < COUNT(files); i++)
        if (access(files[i], R_OK) != 0) {
            print_message("%s is missing (package tzdata): skipped\n", files[i]);
            skip();
        }
}

static int plain_environment(void **state)
{
    (void)state;
    return unsetenv("TZ") != 0 || unsetenv("TZDIR") != 0;
}

/* `back`: what the instant reads as, where that is another time than `civil`. */
static const struct sample {
    const char *zone, *civil, *instant, *back;
} samples[] = {
    {"UTC", "2026-11-20T18:00:00", "2026-11-20T18:00:00Z", NULL},
    {"GMT", "2026-11-20T18:00:00", "2026-11-20T18:00:00Z", NULL},
    {"Europe/Berlin", "2026-11-24T08:41:00", "2026-11-24T07:41:00Z", NULL},
    {"Europe/Berlin", "2026-07-01T08:41:00", "2026-07-01T06:41:00Z", NULL},
    {"Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z", NULL},
    {"Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z", "2026-03-29T03:30:00"},
    {"Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z", NULL},
    {"Europe/Berlin", "2026-03-29T20:00:00", "2026-03-29T18:00:00Z", NULL},
    {"Europe/Berlin", "2026-10-24T20:00:00", "2026-10-24T18:00:00Z", NULL},
    {"Europe/Berlin", "2026-10-25T01:59:59", "2026-10-24T23:59:59Z", NULL},
    {"Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T01:30:00Z", NULL},
    {"Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z", NULL},
    {"Europe/Berlin", "2027-01-01T00:30:00", "2026-12-31T23:30:00Z", NULL},
    {"America/New_York", "2026-12-31T19:00:00", "2027-01-01T00:00:00Z", NULL},
    {"America/New_York", "2026-03-08T01:59:00", "2026-03-08T06:59:00Z", NULL},
    {"America/New_York", "2026-03-08T02:15:00", "2026-03-08T07:15:00Z", "2026-03-08T03:15:00"},
    {"America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z", NULL},
    {"America/New_York", "2026-11-01T00:59:00", "2026-11-01T04:59:00Z", NULL},
    {"America/New_York", "2026-11-01T01:30:00", "2026-11-01T06:30:00Z", NULL},
    {"America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00Z", NULL},
    {"Asia/Tokyo", "2028-02-29T23:00:00", "2028-02-29T14:00:00Z", NULL},
};

static void check_epoch(const struct sample *s)
{
    struct tm civil, ignored;
    int64_t epoch = -77, expect = parse(s->instant, &ignored);

    (void)parse(s->civil, &civil);
    assert_int_equal(zone_system.to_epoch(s->zone, &civil, &epoch), 0);
    if (epoch != expect)
        fail_msg("%s in %s: %lld, not %lld", s->civil, s->zone, (long long)epoch,
                 (long long)expect);
}

static void check_civil(const struct sample *s)
{
    struct tm civil, ignored;
    char got[64];
    const char *expect = s->back != NULL ? s->back : s->civil;

    memset(&civil, 0, sizeof(civil));
    assert_int_equal(zone_system.to_civil(s->zone, parse(s->instant, &ignored), &civil), 0);
    assert_true(strftime(got, sizeof(got), "%Y-%m-%dT%H:%M:%S", &civil) > 0);
    if (strcmp(got, expect) != 0)
        fail_msg("%s in %s: %s, not %s", s->instant, s->zone, got, expect);
}

static void test_to_epoch(void **state)
{
    (void)state;
    need_tzdata();
    for (size_t i = 0; i < COUNT(samples); i++)
        check_epoch(&samples[i]);
}

static void test_to_civil(void **state)
{
    (void)state;
    need_tzdata();
    for (size_t i = 0; i < COUNT(samples); i++)
        check_civil(&samples[i]);
}

/* glibc's mktime answers by what it was asked last; in any order ours may not. */
static void test_to_epoch_has_no_memory(void **state)
{
    (void)state;
    need_tzdata();
    for (size_t i = 0; i < COUNT(samples); i++)
        for (size_t j = 0; j < COUNT(samples); j++) {
            check_epoch(&samples[j]);
            check_epoch(&samples[i]);
        }
}

static void test_weekday_is_told(void **state)
{
    (void)state;
    struct tm civil = {.tm_wday = 99};

    assert_int_equal(zone_system.to_civil("UTC", INT64_C(1795197600), &civil), 0);
    assert_int_equal(civil.tm_wday, 5);
}

static void test_fields_out_of_range(void **state)
{
    (void)state;
    need_tzdata();
    struct tm civil, ignored;
    int64_t epoch;

    (void)parse("2026-12-31T06:00:00", &civil);
    civil.tm_mday += 1;
    assert_int_equal(zone_system.to_epoch("Europe/Berlin", &civil, &epoch), 0);
    assert_int_equal(epoch, parse("2027-01-01T05:00:00Z", &ignored));
    civil.tm_mday = -6; /* the last day of November is 0 */
    assert_int_equal(zone_system.to_epoch("Europe/Berlin", &civil, &epoch), 0);
    assert_int_equal(epoch, parse("2026-11-24T05:00:00Z", &ignored));
}

static void test_unknown_zones(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Nowhere/At_all",
        "Europe",
        "Europe/",
        "europe/../Europe/Berlin",
        "..",
        "../zoneinfo/Europe/Berlin",
        "/etc/localtime",
        "/usr/share/zoneinfo/Europe/Berlin",
        "zone.tab",
        "tzdata.zi",
        "leapseconds",
        ":Europe/Berlin",
        "Europe/Berlin ",
        "UTC+2",
        "CET-1CEST",
        "Europe\nBerlin",
        "\xc3\xa9",
    };
    struct tm civil = {.tm_year = 126, .tm_mday = 1, .tm_isdst = -1}, untouched = civil;
    char longest[5000];
    int64_t epoch = -77;

    for (size_t i = 0; i < COUNT(names); i++)
        if (zone_system.to_civil(names[i], 0, &civil) != -EINVAL ||
            zone_system.to_epoch(names[i], &civil, &epoch) != -EINVAL)
            fail_msg("\"%s\" is taken for a zone", names[i]);
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(zone_system.to_civil(longest, 0, &civil), -EINVAL);
    assert_int_equal(epoch, -77);
    assert_memory_equal(&civil, &untouched, sizeof(civil));
}

static void test_machine_zone(void **state)
{
    (void)state;
    struct tm civil, ignored;
    int64_t now = parse("2026-11-20T18:00:00Z", &ignored), epoch;
    static const char *const names[] = {NULL, ""};

    /* A rule instead of a name: no file is needed for it. */
    assert_int_equal(setenv("TZ", "XYZ-5:30", 1), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(zone_system.to_civil(names[i], now, &civil), 0);
        assert_int_equal(civil.tm_hour * 60 + civil.tm_min, 23 * 60 + 30);
        (void)parse("2026-11-20T23:30:00", &civil);
        assert_int_equal(zone_system.to_epoch(names[i], &civil, &epoch), 0);
        assert_int_equal(epoch, now);
    }
    assert_int_equal(setenv("TZ", "XYZ+3", 1), 0);
    assert_int_equal(zone_system.to_civil("", now, &civil), 0);
    assert_int_equal(civil.tm_hour, 15);
}

static void visit_all(void)
{
    static const char *const names[] = {NULL, "", "Nowhere/At_all", "Europe/Berlin", "UTC"};
    struct tm civil;
    int64_t epoch;

    for (size_t i = 0; i < COUNT(names); i++) {
        (void)parse("2026-10-25T02:30:00", &civil);
        (void)zone_system.to_epoch(names[i], &civil, &epoch);
        (void)zone_system.to_civil(names[i], 0, &civil);
    }
}

static void test_environment_is_restored(void **state)
{
    (void)state;
    static char first[] = "TZ=XYZ-5:30", second[] = "TZ=again", other[] = "A=b";
    char *twice[] = {other, first, second, NULL};
    char **before = environ;
    bool same;

    environ = twice;
    tzset();
    visit_all();
    same = environ == twice && twice[0] == other && twice[1] == first && twice[2] == second &&
           twice[3] == NULL && strcmp(first, "TZ=XYZ-5:30") == 0;
    environ = before;
    assert_true(same);
    visit_all();
    assert_null(getenv("TZ"));
}

/* The library must be back as well: localtime_r does not look at TZ again. */
static void test_library_is_restored(void **state)
{
    (void)state;
    time_t t = 0;
    struct tm civil;

    assert_int_equal(setenv("TZ", "XYZ-5:30", 1), 0);
    tzset();
    visit_all();
    assert_int_equal(timezone, -19800);
    assert_string_equal(tzname[0], "XYZ");
    assert_non_null(localtime_r(&t, &civil));
    assert_int_equal(civil.tm_hour * 60 + civil.tm_min, 5 * 60 + 30);
}

static void test_tzdir(void **state)
{
    (void)state;
    need_tzdata();
    struct tm civil;

    assert_int_equal(setenv("TZDIR", "/nonexistent", 1), 0);
    assert_int_equal(zone_system.to_civil("Berlin", 0, &civil), -EINVAL);
    assert_int_equal(zone_system.to_civil("Europe/Berlin", 0, &civil), -EINVAL);
    assert_int_equal(zone_system.to_civil("UTC", 0, &civil), 0);
    assert_int_equal(civil.tm_hour, 0);
    assert_int_equal(setenv("TZDIR", "/usr/share/zoneinfo/Europe", 1), 0);
    assert_int_equal(zone_system.to_civil("Berlin", 0, &civil), 0);
    assert_int_equal(civil.tm_hour, 1);
    assert_string_equal(getenv("TZDIR"), "/usr/share/zoneinfo/Europe");
}

static void test_overflow(void **state)
{
    (void)state;
    struct tm civil = {.tm_year = 126}, far = {.tm_year = 2147483647, .tm_mon = 2147483647};
    int64_t epoch = -77;

    assert_int_equal(zone_system.to_civil("UTC", INT64_MAX, &civil), -EOVERFLOW);
    assert_int_equal(civil.tm_year, 126);
    assert_int_equal(zone_system.to_epoch("UTC", &far, &epoch), -EOVERFLOW);
    assert_int_equal(epoch, -77);
    civil = (struct tm){.tm_year = 69,
                        .tm_mon = 11,
                        .tm_mday = 31,
                        .tm_hour = 23,
                        .tm_min = 59,
                        .tm_sec = 59,
                        .tm_isdst = -1};
    assert_int_equal(zone_system.to_epoch("UTC", &civil, &epoch), 0);
    assert_int_equal(epoch, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_to_epoch, plain_environment),
        cmocka_unit_test_setup(test_to_civil, plain_environment),
        cmocka_unit_test_setup(test_to_epoch_has_no_memory, plain_environment),
        cmocka_unit_test_setup(test_weekday_is_told, plain_environment),
        cmocka_unit_test_setup(test_fields_out_of_range, plain_environment),
        cmocka_unit_test_setup(test_unknown_zones, plain_environment),
        cmocka_unit_test_setup(test_machine_zone, plain_environment),
        cmocka_unit_test_setup(test_environment_is_restored, plain_environment),
        cmocka_unit_test_setup(test_library_is_restored, plain_environment),
        cmocka_unit_test_setup(test_tzdir, plain_environment),
        cmocka_unit_test_setup(test_overflow, plain_environment),
    };
    return cmocka_run_group_tests(tests, NULL, plain_environment);
}
