#include "core/pool/redisurl.h"

#include "support.h"

#include <errno.h>
#include <string.h>

struct well {
    const char *text, *shown;
    const char *host, *port, *user, *password;
};

static const struct well wells[] = {
    {"redis://cache", "redis://cache:6379/0?prefix=tcr", "cache", "6379", NULL, NULL},
    {"rediss://cache:7000/3?prefix=team", "rediss://cache:7000/3?prefix=team", "cache", "7000",
     NULL, NULL},
    {"redis://ann@10.0.0.1/", "redis://10.0.0.1:6379/0?prefix=tcr", "10.0.0.1", "6379", "ann",
     NULL},
    {"redis://ann:p%40s%2Fs@h:1", "redis://h:1/0?prefix=tcr", "h", "1", "ann", "p@s/s"},
    {"redis://:pw@h?db=2", "redis://h:6379/2?prefix=tcr", "h", "6379", NULL, "pw"},
    {"redis://a@b:pw@h", "redis://h:6379/0?prefix=tcr", "h", "6379", "a@b", "pw"},
    {"redis://[::1]:70", "redis://[::1]:70/0?prefix=tcr", "::1", "70", NULL, NULL},
    {"redis://[::1]", "redis://[::1]:6379/0?prefix=tcr", "::1", "6379", NULL, NULL},
    {"redis+unix:///run/r.sock", "redis+unix:///run/r.sock?db=0&prefix=tcr", NULL, NULL, NULL,
     NULL},
    {"redis+unix://ann:pw@/r%3fs?prefix=%7bx%7d&db=4", "redis+unix:///r?s?db=4&prefix={x}", NULL,
     NULL, "ann", "pw"},
};

static void assert_text(const char *is, const char *expected)
{
    if (expected)
        assert_string_equal(is, expected);
    else
        assert_null(is);
}

static void what_is_right(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof wells / sizeof *wells; i++) {
        const struct well *well = &wells[i];
        struct redisurl url;
        struct buffer error = {0}, shown = {0};
        if (redisurl_parse(well->text, &url, &error) != 0)
            fail_msg("%s: %s", well->text, buffer_text(&error));
        redisurl_append(&shown, &url);
        assert_string_equal(buffer_text(&shown), well->shown);
        assert_text(url.host, well->host);
        assert_text(url.port, well->port);
        assert_text(url.user, well->user);
        assert_text(url.password, well->password);
        assert_int_equal(url.tls, strncmp(well->text, "rediss:", 7) == 0);
        buffer_finish(&shown);
        redisurl_finish(&url);
    }
}

static const char *const wrongs[] = {
    "redis:/h",           "redis://",          "redis://:PASS@",
    "redis://h:PASS",     "redis://h:70000",   "redis://h:",
    "redis://[::1",       "redis://[]",        "redis://[::1]PASS",
    "redis://h/PASS",     "redis://h?PASS=1",  "redis://h?prefix=",
    "redis://h?db=PASS",  "redis://a%zPASS@h", "redis://a%4@h",
    "redis://a%00PASS@h", "redis://PA%",       "redis://:PASS/PASS@h",
    "redis+unix://",      "redis+unix:///",    "redis+unix://PASS/x",
    "redis+unix://PASS",  "http://PASS",
};

/* A password in the wrong place is not repeated. */
static void what_is_wrong(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct redisurl url = {.database = 77};
        struct buffer error = {0};
        if (redisurl_parse(wrongs[i], &url, &error) != -EINVAL)
            fail_msg("accepted: %s", wrongs[i]);
        assert_int_equal(url.database, 77);
        assert_non_null(strstr(buffer_text(&error), "expected redis://"));
        if (strstr(buffer_text(&error), "PASS"))
            fail_msg("%s: repeated: %s", wrongs[i], buffer_text(&error));
        buffer_finish(&error);
    }
}

static void what_it_is(void **unused)
{
    (void)unused;
    assert_true(redisurl_is_one("redis://"));
    assert_true(redisurl_is_one("rediss://x"));
    assert_true(redisurl_is_one("redis+unix:///x"));
    assert_true(redisurl_is_one("redis:/x"));
    assert_true(redisurl_is_one(" redis://x"));
    assert_true(redisurl_is_one("REDIS://x"));
    assert_true(redisurl_is_one("valkey://x"));
    assert_false(redisurl_is_one("redis"));
    assert_false(redisurl_is_one("redis:x"));
    assert_false(redisurl_is_one("./redis://"));
    assert_false(redisurl_is_one("://"));
    assert_false(redisurl_is_one("/redis://"));
    assert_false(redisurl_is_one(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
