#include "core/pool/keydate.h"

#include "support.h"

#include <string.h>
#include <time.h>

static void test_days(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t epoch;
    } rows[] = {
        {"1973-04-01", 102470400},  {"2000-02-29", 951782400},   {"2026-11-20", 1795132800},
        {"2027-03-31", 1806451200}, {"2038-01-19", 2147472000},  {"2100-02-28", 4107456000},
        {"2100-03-01", 4107542400}, {"2400-02-29", 13574563200}, {"5000-12-31", 95649033600},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t epoch = 0;
        char text[KEYDATE_TEXT];
        assert_true(keydate_parse(rows[i].text, &epoch));
        assert_int_equal(epoch, rows[i].epoch);
        keydate_format(epoch + 86399, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* Against the C library's calendar, each day of 400 years. */
static void test_every_day(void **state)
{
    (void)state;
    for (int64_t day = 1200; day < 1200 + 146097; day++) {
        time_t then = day * 86400;
        struct tm civil;
        char text[KEYDATE_TEXT], expected[64];
        int64_t epoch = 0;
        assert_non_null(gmtime_r(&then, &civil));
        assert_true(strftime(expected, sizeof expected, "%Y-%m-%d", &civil) > 0);
        keydate_format(then, text);
        assert_string_equal(text, expected);
        assert_true(keydate_parse(text, &epoch));
        assert_int_equal(epoch, then);
    }
}

static void test_no_days(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "2027",        "2027-03",    "2027-3-31",  "2027-03-31 ", " 2027-03-31",
        "2027-02-29", "2100-02-29",  "2027-13-01", "2027-00-01", "2027-01-00",  "2027-01-32",
        "2027-04-31", "1972-01-01",  "0000-01-01", "-027-01-01", "2027-+1-01",  "2027- 1-01",
        "2027/01/01", "2027-01-0x",  "20270101",   "tomorrow",   "1795132800",  "2027-01-011",
        "2027-01--1", "2027-01-1\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t epoch = 42;
        if (keydate_parse(texts[i], &epoch))
            fail_msg("\"%s\" is a day", texts[i]);
        assert_int_equal(epoch, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_no_days),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
