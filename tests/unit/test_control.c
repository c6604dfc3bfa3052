#include "core/gateway/control.h"

#include "support.h"

#include <string.h>

#define ACCOUNTS "/status/accounts"

static const struct row {
    const char *method, *target;
    int id; /* -1: a provider's */
    const char *name, *detail;
} rows[] = {
    {"GET", "/status", CONTROL_STATUS, "", NULL},
    {"HEAD", "/status?x=1", CONTROL_STATUS, "", NULL},
    {"GET", "http://127.0.0.1:4080/status", CONTROL_STATUS, "", NULL},
    {"POST", "/status", CONTROL_METHOD, "", "GET, HEAD"},
    {"GET", ACCOUNTS, CONTROL_ACCOUNTS, "", NULL},
    {"GET", ACCOUNTS "/home", CONTROL_ACCOUNT, "home", NULL},
    {"GET", ACCOUNTS "/a%20b%c3%a9", CONTROL_ACCOUNT, "a b\xc3\xa9", NULL},
    {"GET", ACCOUNTS "/a%2", CONTROL_ACCOUNT, "", NULL},
    {"GET", ACCOUNTS "/a%", CONTROL_ACCOUNT, "", NULL},
    {"GET", ACCOUNTS "/a%00b", CONTROL_ACCOUNT, "", NULL},
    {"GET", ACCOUNTS "/a%zz", CONTROL_ACCOUNT, "", NULL},
    {"POST", ACCOUNTS "/home/refresh", CONTROL_ACTION, "home", "refresh"},
    {"POST", ACCOUNTS "/home/enable", CONTROL_ACTION, "home", "enable"},
    {"POST", ACCOUNTS "/home/disable?x", CONTROL_ACTION, "home", "disable"},
    {"POST", ACCOUNTS "/home/reset", CONTROL_ACTION, "home", "reset"},
    {"GET", ACCOUNTS "/home/reset", CONTROL_METHOD, "home", "POST"},
    {"DELETE", ACCOUNTS "/home", CONTROL_METHOD, "home", "GET, HEAD"},
    {"POST", ACCOUNTS "/home/remove", CONTROL_UNKNOWN, "home", NULL},
    {"POST", ACCOUNTS "/home/reset/", CONTROL_UNKNOWN, "home", NULL},
    {"GET", ACCOUNTS "/", CONTROL_UNKNOWN, "", NULL},
    {"GET", "/status/other", CONTROL_UNKNOWN, "", NULL},
    {"GET", "/health", CONTROL_HEALTH, "", NULL},
    {"PUT", "/metrics", CONTROL_METHOD, "", "GET, HEAD"},
    {"GET", "/metrics", CONTROL_METRICS, "", NULL},
    {"GET", "/statuses", -1, NULL, NULL},
    {"GET", "/healthz", -1, NULL, NULL},
    {"GET", "/v1/status", -1, NULL, NULL},
    {"POST", "/v1/messages", -1, NULL, NULL},
    {"GET", "status", -1, NULL, NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct control control;
        assert_int_equal(control_read(row->method, row->target, &control), row->id >= 0);
        if (row->id < 0)
            continue;
        assert_int_equal((int)control.id, row->id);
        assert_string_equal(control.name, row->name);
        const char *detail = row->id == CONTROL_METHOD ? control.allowed : control.action;
        assert_true((row->detail == NULL) == (detail == NULL));
        if (detail)
            assert_string_equal(detail, row->detail);
    }
}

static void test_long_names(void **state)
{
    char target[4096] = ACCOUNTS "/";
    struct control control;
    (void)state;
    memset(target + strlen(target), 'x', 2000);
    assert_true(control_read("GET", target, &control));
    assert_string_equal(control.name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
