#include "base/duration.h"

#include "support.h"

#include <errno.h>
#include <string.h>

static void test_parses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"0", 0},
        {"90", 90},
        {"0090", 90},
        {"90s", 90},
        {"5m", 300},
        {"1h30m", 5400},
        {"2h", 7200},
        {"1d", 86400},
        {"1w", 604800},
        {"1w2d3h4m5s", 604800 + 2 * 86400 + 3 * 3600 + 4 * 60 + 5},
        {"1d1s", 86401},
        {"400d", DURATION_MAX},
        {"34560000", DURATION_MAX},
        {"0s", 0},
        {"1h0m", 3600},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -1;
        if (duration_parse(rows[i].text, &seconds) != 0 || seconds != rows[i].seconds)
            fail_msg("\"%s\": %lld", rows[i].text, (long long)seconds);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        " ",
        "s",
        "m5",
        "-1",
        "+1",
        "1.5h",
        "1,5h",
        "1h30",
        "30m1h",
        "1h1h",
        "5 m",
        " 5m",
        "5m ",
        "5M",
        "5x",
        "1y",
        "0x10",
        "forever",
        "401d",
        "400d1s",
        "34560001",
        "58w",
        "1h-5m",
        "99999999999999999999",
        "99999999999999999999w",
        "1h\n",
        "5ms",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t seconds = -77;
        if (duration_parse(rows[i], &seconds) >= 0 || seconds != -77)
            fail_msg("\"%s\" was taken as %lld", rows[i], (long long)seconds);
    }
}

static void test_formats(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {INT64_MIN, "0s"},
        {-1, "0s"},
        {0, "0s"},
        {1, "1s"},
        {45, "45s"},
        {59, "59s"},
        {60, "1m"},
        {61, "1m 1s"},
        {200, "3m 20s"},
        {3599, "59m 59s"},
        {3600, "1h"},
        {3659, "1h"},
        {4320, "1h 12m"},
        {86399, "23h 59m"},
        {86400, "1d"},
        {86400 + 3599, "1d"},
        {3 * 86400 + 7200, "3d 2h"},
        {9 * 86400, "9d"},
        {DURATION_MAX, "400d"},
        {DURATION_MAX + 1, "over a year"},
        {INT64_MAX, "over a year"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[DURATION_TEXT];
        memset(text, 'x', sizeof text);
        duration_format(rows[i].seconds, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
