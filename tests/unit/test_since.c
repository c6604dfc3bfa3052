#include "core/show/since.h"

#include "support.h"

#include <errno.h>

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *since;
    } rows[] = {
        {"2h", "2026-11-20T10:30:30Z"},
        {"1d", "2026-11-19T12:30:30Z"},
        {"today", "2026-11-20T00:00:00Z"},
        {"Yesterday", "2026-11-19T00:00:00Z"},
        {"12:30", "2026-11-20T12:30:00Z"},
        {"12:31", "2026-11-19T12:31:00Z"},
        {"2026-11-20", "2026-11-20T00:00:00Z"},
        {"2024-02-29", "2024-02-29T00:00:00Z"},
        {"2026-11-19 08:05", "2026-11-19T08:05:00Z"},
        {"2026-11-19 08:05:07", "2026-11-19T08:05:07Z"},
        {"2026-11-19T08:05", "2026-11-19T08:05:00Z"},
        {"Nov 20 12:05", "2026-11-20T12:05:00Z"},
        {"Nov  5", "2026-11-05T00:00:00Z"},
        {"Nov 21", "2025-11-21T00:00:00Z"},
        {"Dec 31 23:59", "2025-12-31T23:59:00Z"},
    };
    const int64_t now = instant("2026-11-20T12:30:30Z");
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t since = 0;
        if (since_parse(rows[i].text, now, &utc_zones, &since) != 0 ||
            since != instant(rows[i].since))
            fail_msg("%s: %lld, not %s", rows[i].text, (long long)since, rows[i].since);
    }
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
    } rows[] = {
        {"", -EINVAL},           {"soon", -EINVAL},       {"2026-02-29", -EINVAL},
        {"2026-13-01", -EINVAL}, {"26-11-20", -EINVAL},   {"2026-11-20x", -EINVAL},
        {"24:01", -EINVAL},      {"1969-01-01", -EINVAL}, {"Nov 31", -EINVAL},
        {"500d", -EINVAL},       {"tomorrow", -EINVAL},   {"2026-11-20 12:31", -ERANGE},
        {"2027-01-01", -ERANGE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t since = 7;
        int r = since_parse(rows[i].text, instant("2026-11-20T12:30:30Z"), &utc_zones, &since);
        if (r != rows[i].error || since != 7)
            fail_msg("%s: %d, %lld", rows[i].text, r, (long long)since);
    }
}

static void test_times_to_come(void **state)
{
    (void)state;
    static const struct {
        const char *text, *until;
        int error;
    } rows[] = {
        {"90d", "2027-02-18T12:30:30Z", 0},
        {"2027-01-31", "2027-01-31T00:00:00Z", 0},
        {"2026-11-20 12:31", "2026-11-20T12:31:00Z", 0},
        {"2027-01-31T14:30:05", "2027-01-31T14:30:05Z", 0},
        {"0", NULL, -ERANGE},
        {"2026-11-20", NULL, -ERANGE},
        {"2026-11-20 12:30:30", NULL, -ERANGE},
        {"2027-02-29", NULL, -EINVAL},
        {"Jan 31", NULL, -EINVAL},
        {"14:30", NULL, -EINVAL},
        {"tomorrow", NULL, -EINVAL},
        {"", NULL, -EINVAL},
        {"500d", NULL, -EINVAL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t until = 7;
        int r = until_parse(rows[i].text, instant("2026-11-20T12:30:30Z"), &utc_zones, &until);
        if (r != rows[i].error || until != (rows[i].until ? instant(rows[i].until) : 7))
            fail_msg("%s: %d, %lld", rows[i].text, r, (long long)until);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_times_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
