#include "core/gateway/pageroute.h"

#include "core/gateway/route.h"

#include "support.h"

#include <string.h>

static const struct row {
    const char *method, *target;
    int id; /* -1: a provider's, or another part's */
    const char *name, *detail;
} rows[] = {
    {"GET", "/", PAGE_INDEX, "", NULL},
    {"GET", "/?x=1", PAGE_INDEX, "", NULL},
    {"GET", "http://127.0.0.1:4080/", PAGE_INDEX, "", NULL},
    {"POST", "/", -1, "", NULL},
    {"GET", "/pages", -1, "", NULL},
    {"GET", "/v1/page/state", -1, "", NULL},
    {"GET", "page/state", -1, "", NULL},
    {"GET", "/page", PAGE_UNKNOWN, "", NULL},
    {"GET", "/page/", PAGE_UNKNOWN, "", NULL},
    {"GET", "/page/open?code=1", PAGE_OPEN, "", NULL},
    {"POST", "/page/link", PAGE_LINK, "", NULL},
    {"GET", "/page/link", PAGE_METHOD, "", "POST"},
    {"GET", "/page/state", PAGE_STATE, "", NULL},
    {"HEAD", "/page/state", PAGE_STATE, "", NULL},
    {"POST", "/page/state", PAGE_METHOD, "", "GET, HEAD"},
    {"GET", "/page/events", PAGE_EVENTS, "", NULL},
    {"GET", "/page/log?limit=1", PAGE_LOG, "", NULL},
    {"GET", "/page/usage?by=key", PAGE_USAGE, "", NULL},
    {"GET", "/page/style.css", PAGE_FILE, "style.css", NULL},
    {"DELETE", "/page/style.css", PAGE_METHOD, "style.css", "GET, HEAD"},
    {"GET", "/page/a/b.js", PAGE_UNKNOWN, "", NULL},
    {"GET", "/page/../style.css", PAGE_UNKNOWN, "", NULL},
    {"POST", "/page/keys", PAGE_ADD, "", NULL},
    {"GET", "/page/keys", PAGE_METHOD, "", "POST"},
    {"POST", "/page/keys/a%20b/test", PAGE_ACTION, "a b", "test"},
    {"POST", "/page/keys/a%2fb/remove", PAGE_ACTION, "a/b", "remove"},
    {"POST", "/page/keys/%00/remove", PAGE_ACTION, "", "remove"},
    {"POST", "/page/keys/a/refresh", PAGE_ACTION, "a", "refresh"},
    {"POST", "/page/keys/a/enable?x", PAGE_ACTION, "a", "enable"},
    {"POST", "/page/keys/a/disable", PAGE_ACTION, "a", "disable"},
    {"POST", "/page/keys/a/reset", PAGE_ACTION, "a", "reset"},
    {"GET", "/page/keys/a/reset", PAGE_METHOD, "a", "POST"},
    {"POST", "/page/keys/a/reset/", PAGE_UNKNOWN, "a", NULL},
    {"POST", "/page/keys/a/rename", PAGE_UNKNOWN, "a", NULL},
    {"POST", "/page/keys/a", PAGE_UNKNOWN, "", NULL},
    {"POST", "/page/order", PAGE_ORDER, "", NULL},
    {"POST", "/page/model_fallback", PAGE_FALLBACK, "", NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct pageroute route = {.id = PAGE_UNKNOWN};
        struct route whole;
        route_find(row->method, row->target, &whole);
        if (pageroute_read(row->method, row->target, &route) != (row->id >= 0) ||
            (whole.id == ROUTE_PAGE) != (row->id >= 0))
            fail_msg("%s %s", row->method, row->target);
        if (row->id < 0)
            continue;
        const char *detail = route.id == PAGE_METHOD ? route.allowed : route.action;
        bool same = detail && row->detail ? strcmp(detail, row->detail) == 0 : !row->detail;
        if ((int)route.id != row->id || strcmp(route.name, row->name) != 0 || !same)
            fail_msg("%s %s: %d, \"%s\", %s", row->method, row->target, (int)route.id, route.name,
                     detail ? detail : "none");
    }
}

static void test_parameters(void **state)
{
    (void)state;
    char value[8];
    assert_true(pageroute_parameter("/page/open?code=ab+c%2b", "code", value, sizeof value));
    assert_string_equal(value, "ab c+");
    assert_true(pageroute_parameter("/x?a=1&code=2#code=3", "code", value, sizeof value));
    assert_string_equal(value, "2");
    assert_false(pageroute_parameter("/x", "code", value, sizeof value));
    assert_false(pageroute_parameter("/x?code", "code", value, sizeof value));
    assert_false(pageroute_parameter("/x?xcode=1", "code", value, sizeof value));
    assert_false(pageroute_parameter("/x#?code=1", "cod", value, sizeof value));
    assert_false(pageroute_parameter("/x?code=12345678", "code", value, sizeof value));
    assert_false(pageroute_parameter("/x?code=%00", "code", value, sizeof value));
    assert_false(pageroute_parameter("/x?code=%4", "code", value, sizeof value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_parameters)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
