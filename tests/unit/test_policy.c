#include "core/pool/policy.h"

#include "support.h"

#include <errno.h>
#include <string.h>

#define DAY INT64_C(86400)
#define NOW INT64_C(1795209600)

static void test_defaults(void **state)
{
    (void)state;
    struct policy policy = policy_default();
    assert_int_equal(policy.retries, 3);
    assert_int_equal(policy.cooldown_all, -1);
    assert_false(policy_rotates(&policy, CLASS_NONE));
    for (int i = CLASS_NONE + 1; i < CLASS_COUNT; i++) {
        assert_int_equal(policy.cooldown[i], -1);
        assert_true(policy_rotates(&policy, (enum failure_class)i));
    }
}

static void test_cooldown_specs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t all, limit, auth, server;
    } rows[] = {
        {"60", 60, -1, -1, -1},
        {"0", 0, -1, -1, -1},
        {"1h30m", 5400, -1, -1, -1},
        {"auth=2h", -1, -1, 7200, -1},
        {"auth=2h,limit=10m", -1, 600, 7200, -1},
        {"limit=1m,limit=2m", -1, 120, -1, -1},
        {"server=0,auth=1d", -1, -1, DAY, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_default();
        struct buffer error = {0};
        assert_int_equal(policy_parse_cooldown(&policy, rows[i].text, &error), 0);
        assert_string_equal(buffer_text(&error), "");
        assert_int_equal(policy.cooldown_all, rows[i].all);
        assert_int_equal(policy.cooldown[CLASS_LIMIT], rows[i].limit);
        assert_int_equal(policy.cooldown[CLASS_AUTH], rows[i].auth);
        assert_int_equal(policy.cooldown[CLASS_SERVER], rows[i].server);
    }
}

static void test_retry_on_specs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool limit, auth, network;
    } rows[] = {
        {"limit", true, false, false},
        {"limit,auth", true, true, false},
        {"network,limit,network", true, false, true},
        {"none", false, false, false},
        {"none,auth", false, true, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_default();
        struct buffer error = {0};
        assert_int_equal(policy_parse_retry_on(&policy, rows[i].text, &error), 0);
        assert_int_equal(policy_rotates(&policy, CLASS_LIMIT), rows[i].limit);
        assert_int_equal(policy_rotates(&policy, CLASS_AUTH), rows[i].auth);
        assert_int_equal(policy_rotates(&policy, CLASS_NETWORK), rows[i].network);
        assert_false(policy_rotates(&policy, CLASS_NONE));
    }
}

static void test_max_per_key(void **state)
{
    (void)state;
    struct policy policy = policy_default();
    struct buffer error = {0};
    assert_int_equal(policy.max_per_key, 0);
    assert_int_equal(policy_parse_max_per_key(&policy, "10000", &error), 0);
    assert_int_equal(policy.max_per_key, 10000);
    assert_int_equal(policy_parse_max_per_key(&policy, "1", &error), 0);
    assert_int_equal(policy.max_per_key, 1);
    buffer_finish(&error);
}

static void test_gateway(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum gateway_wish wish;
    } rows[] = {{"on", GATEWAY_ON}, {"off", GATEWAY_OFF}, {"auto", GATEWAY_AUTO}};
    assert_int_equal(policy_default().gateway, GATEWAY_AUTO);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_default();
        struct buffer error = {0};
        assert_int_equal(policy_parse_gateway(&policy, rows[i].text, &error), 0);
        assert_int_equal(policy.gateway, rows[i].wish);
        assert_string_equal(gateway_wish_name(policy.gateway), rows[i].text);
    }
}

static void test_retries(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int retries;
    } rows[] = {{"0", 0}, {"1", 1}, {"007", 7}, {"1000", POLICY_MAX_RETRIES}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_default();
        struct buffer error = {0};
        errno = ERANGE; /* of somebody before */
        assert_int_equal(policy_parse_retries(&policy, rows[i].text, &error), 0);
        assert_int_equal(policy.retries, rows[i].retries);
    }
}

/* Every mistake: one sentence that quotes what was found and says what fits; nothing is changed. */
static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        int (*parse)(struct policy *, const char *, struct buffer *);
        const char *text, *found, *expected;
    } rows[] = {
        {policy_parse_cooldown, "", "\"\"", "write 60"},
        {policy_parse_cooldown, "soon", "\"soon\"", "write 60"},
        {policy_parse_cooldown, "-5", "\"-5\"", "5m"},
        {policy_parse_cooldown, "60,", "\"\"", "5m"},
        {policy_parse_cooldown, "401d", "\"401d\"", "1d"},
        {policy_parse_cooldown, "auth=", "\"\"", "2h"},
        {policy_parse_cooldown, "limit=5m,auth=x", "\"x\"", "2h"},
        {policy_parse_cooldown, "limit=5m,bored=2h", "\"bored\"", "limit, throttled, auth"},
        {policy_parse_cooldown, "none=5m", "\"none\"", "forbidden, billing, server, network"},
        {policy_parse_cooldown, "=5m", "\"\"", "limit"},
        {policy_parse_cooldown, "LIMIT=5m", "\"LIMIT\"", "limit"},
        {policy_parse_retry_on, "", "\"\"", "limit, throttled"},
        {policy_parse_retry_on, "limit,,auth", "\"\"", "limit, throttled"},
        {policy_parse_retry_on, "limit, auth", "\" auth\"", "did you mean \"auth\"?"},
        {policy_parse_retry_on, "auth,wisdom", "\"wisdom\"", "network"},
        {policy_parse_max_per_key, "", "\"\"", "1 to 10000"},
        {policy_parse_max_per_key, "0", "\"0\"", "1 to 10000"},
        {policy_parse_max_per_key, "10001", "\"10001\"", "1 to 10000"},
        {policy_parse_max_per_key, "1 ", "\"1 \"", "1 to 10000"},
        {policy_parse_gateway, "yes", "\"yes\"", "auto, on or off"},
        {policy_parse_gateway, "", "\"\"", "auto, on or off"},
        {policy_parse_retries, "", "\"\"", "0 to 1000"},
        {policy_parse_retries, "-1", "\"-1\"", "0 to 1000"},
        {policy_parse_retries, "1001", "\"1001\"", "0 to 1000"},
        {policy_parse_retries, "3x", "\"3x\"", "0 to 1000"},
        {policy_parse_retries, "99999999999999999999", "\"99999999999999999999\"", "0 to 1000"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_default();
        const struct policy before = policy;
        struct buffer error = {0};
        assert_int_equal(rows[i].parse(&policy, rows[i].text, &error), -EINVAL);
        expect_part(rows[i].text, buffer_text(&error), rows[i].found);
        expect_part(rows[i].text, buffer_text(&error), rows[i].expected);
        assert_int_equal(count_lines(buffer_text(&error)), 0);
        assert_memory_equal(&policy, &before, sizeof policy);
        buffer_finish(&error);
    }
}

static void test_cost(void **state)
{
    (void)state;
    static const struct {
        const char *spec; /* NULL: the defaults */
        enum failure_class class;
        int64_t until, seconds;
    } rows[] = {
        {NULL, CLASS_LIMIT, 0, 300},
        {NULL, CLASS_THROTTLED, 0, 60},
        {NULL, CLASS_AUTH, 0, 3600},
        {NULL, CLASS_FORBIDDEN, 0, 3600},
        {NULL, CLASS_BILLING, 0, 3600},
        {NULL, CLASS_SERVER, 0, 15},
        {NULL, CLASS_NETWORK, 0, 15},
        {NULL, CLASS_LIMIT, NOW + 1, 1},
        {NULL, CLASS_LIMIT, NOW + 5 * DAY, 5 * DAY},
        {NULL, CLASS_LIMIT, NOW + 40 * DAY, 40 * DAY},
        {NULL, CLASS_LIMIT, NOW + 40 * DAY + 1, 300},
        {NULL, CLASS_LIMIT, NOW, 300},
        {NULL, CLASS_LIMIT, NOW - 1, 300},
        {NULL, CLASS_LIMIT, INT64_C(1747909518), 300},
        {NULL, CLASS_LIMIT, -5, 300},
        {NULL, CLASS_BILLING, NOW + 10 * DAY, 10 * DAY},
        {"60", CLASS_LIMIT, NOW + 5 * DAY, 60},
        {"60", CLASS_AUTH, 0, 60},
        {"0", CLASS_AUTH, 0, 0},
        {"limit=10m", CLASS_LIMIT, 0, 600},
        {"limit=10m", CLASS_LIMIT, NOW + 7200, 7200},
        {"limit=10m", CLASS_LIMIT, NOW - 7200, 600},
        {"limit=10m", CLASS_AUTH, 0, 3600},
        {"server=0", CLASS_SERVER, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy = policy_default();
        struct buffer error = {0};
        struct finding finding = {.class = rows[i].class, .until = rows[i].until};
        if (rows[i].spec)
            assert_int_equal(policy_parse_cooldown(&policy, rows[i].spec, &error), 0);
        int64_t seconds = policy_cooldown(&policy, &finding, NOW);
        if (seconds != rows[i].seconds)
            fail_msg("row %zu: %lld", i, (long long)seconds);
    }
}

static void test_classes(void **state)
{
    (void)state;
    static const char *const names[] = {"none",      "limit",   "throttled", "auth",
                                        "forbidden", "billing", "server",    "network"};
    assert_int_equal(COUNT(names), CLASS_COUNT);
    for (int i = 0; i < CLASS_COUNT; i++) {
        enum failure_class class = (enum failure_class)i;
        assert_string_equal(failure_class_name(class), names[i]);
        assert_int_equal(failure_class_parse(names[i], strlen(names[i])), class);
        assert_int_equal(failure_class_parse(names[i], strlen(names[i]) - 1), CLASS_COUNT);
        assert_int_equal(failure_is_transient(class),
                         class == CLASS_SERVER || class == CLASS_NETWORK);
        assert_true(strlen(failure_phrase(class)) > 0);
    }
    assert_int_equal(failure_class_parse("", 0), CLASS_COUNT);
    assert_int_equal(failure_class_parse("limits", 6), CLASS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_cooldown_specs),
        cmocka_unit_test(test_retry_on_specs), cmocka_unit_test(test_retries),
        cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_cost),
        cmocka_unit_test(test_classes),        cmocka_unit_test(test_max_per_key),
        cmocka_unit_test(test_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
