#include "core/gateway/route.h"

#include "support.h"

#include <string.h>

enum { ONCE = 0, TWICE = 1, MAKES = 2 };

static const struct row {
    const char *method, *target;
    enum route_id id;
    int flags;
    enum eventstream_format stream;
    const char *object;
} rows[] = {
    {"POST", "/v1/messages", ROUTE_MESSAGES, TWICE, EVENTSTREAM_MESSAGES, ""},
    {"POST", "/v1/messages?beta=true", ROUTE_MESSAGES, TWICE, EVENTSTREAM_MESSAGES, ""},
    {"POST", "http://api.anthropic.com/v1/messages?beta=true", ROUTE_MESSAGES, TWICE,
     EVENTSTREAM_MESSAGES, ""},
    {"GET", "/v1/messages", ROUTE_OTHER, TWICE, EVENTSTREAM_OTHER, ""},
    {"POST", "/v1/messages/count_tokens?beta=true", ROUTE_COUNT_TOKENS, TWICE, EVENTSTREAM_OTHER,
     ""},
    {"POST", "/v1/messages/batches", ROUTE_OBJECTS, MAKES, EVENTSTREAM_OTHER, ""},
    {"GET", "/v1/messages/batches/msgbatch_1/results", ROUTE_OBJECTS, TWICE, EVENTSTREAM_OTHER,
     "msgbatch_1"},
    {"POST", "/v1/messages/batches/msgbatch_1/cancel", ROUTE_OBJECTS, MAKES, EVENTSTREAM_OTHER,
     "msgbatch_1"},
    {"GET", "/v1/models?limit=1000", ROUTE_MODELS, TWICE, EVENTSTREAM_OTHER, ""},
    {"GET", "/v1/models/claude-sonnet-5", ROUTE_MODELS, TWICE, EVENTSTREAM_OTHER, ""},
    {"POST", "/v1/files", ROUTE_OBJECTS, MAKES, EVENTSTREAM_OTHER, ""},
    {"DELETE", "/v1/files/file_1?x", ROUTE_OBJECTS, ONCE, EVENTSTREAM_OTHER, "file_1"},
    {"GET", "/v1/files/", ROUTE_OBJECTS, TWICE, EVENTSTREAM_OTHER, ""},
    {"GET", "/v1/filesystem", ROUTE_OTHER, TWICE, EVENTSTREAM_OTHER, ""},
    {"POST", "/v1/chat/completions", ROUTE_OPENAI, TWICE, EVENTSTREAM_CHAT, ""},
    {"POST", "/chat/completions", ROUTE_OPENAI, TWICE, EVENTSTREAM_CHAT, ""},
    {"POST", "/api/v1/chat/completions?x", ROUTE_OPENAI, TWICE, EVENTSTREAM_CHAT, ""},
    {"POST", "http://127.0.0.1:4080/api/v1/responses", ROUTE_OPENAI, TWICE | MAKES,
     EVENTSTREAM_RESPONSES, ""},
    {"GET", "/api/v1/models/x", ROUTE_MODELS, TWICE, EVENTSTREAM_OTHER, ""},
    {"GET", "/api/v1/modelsx", ROUTE_OTHER, TWICE, EVENTSTREAM_OTHER, ""},
    {"POST", "/v1/responses", ROUTE_OPENAI, TWICE | MAKES, EVENTSTREAM_RESPONSES, ""},
    {"POST", "/sdk/v1/messages?x=1", ROUTE_AGENT, 0, EVENTSTREAM_MESSAGES, ""},
    {"POST", "/sdk/v1/chat/completions", ROUTE_AGENT, 0, EVENTSTREAM_CHAT, ""},
    {"GET", "/sdk/v1/messages", ROUTE_OTHER, TWICE, EVENTSTREAM_OTHER, ""},
    {"GET", "/v1/responses/resp_1", ROUTE_OBJECTS, TWICE, EVENTSTREAM_RESPONSES, "resp_1"},
    {"POST", "/v1/oauth/token", ROUTE_OTHER, ONCE, EVENTSTREAM_OTHER, ""},
    {"GET", "/api/claude_code/policy_limits", ROUTE_OTHER, TWICE, EVENTSTREAM_OTHER, ""},
    {"HEAD", "/", ROUTE_PROBE, TWICE, EVENTSTREAM_OTHER, ""},
    {"HEAD", "/api/hello", ROUTE_PROBE, TWICE, EVENTSTREAM_OTHER, ""},
    {"GET", "/api/hello?x", ROUTE_PROBE, TWICE, EVENTSTREAM_OTHER, ""},
    {"POST", "/api/hello", ROUTE_OTHER, ONCE, EVENTSTREAM_OTHER, ""},
    {"GET", "/", ROUTE_PAGE, ONCE, EVENTSTREAM_OTHER, ""},
    {"POST", "/", ROUTE_OTHER, ONCE, EVENTSTREAM_OTHER, ""},
    {"get", "/v1/models", ROUTE_OTHER, ONCE, EVENTSTREAM_OTHER, ""},
    {"POST", "v1/messages", ROUTE_OTHER, ONCE, EVENTSTREAM_OTHER, ""},
    {"POST", "/V1/messages", ROUTE_OTHER, ONCE, EVENTSTREAM_OTHER, ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct route route;
        route_find(row->method, row->target, &route);
        int flags = (route.repeatable ? TWICE : 0) | (route.creates ? MAKES : 0);
        if (route.id != row->id || flags != row->flags || route.stream != row->stream ||
            strcmp(route.object, row->object) != 0)
            fail_msg("%s %s: %d, %d, %d, %s", row->method, row->target, (int)route.id, flags,
                     (int)route.stream, route.object);
    }
}

static void test_long_object(void **state)
{
    (void)state;
    struct buffer target = {0};
    struct route route;
    buffer_append_text(&target, "/v1/files/");
    for (int i = 0; i < ROUTE_OBJECT; i++)
        buffer_append_char(&target, 'x');
    route_find("GET", buffer_text(&target), &route);
    assert_int_equal(route.id, ROUTE_OBJECTS);
    assert_string_equal(route.object, "");
    buffer_finish(&target);
}

static void test_paths(void **state)
{
    (void)state;
    assert_string_equal(route_path("/v1?x"), "/v1?x");
    assert_string_equal(route_path("HTTP://host:1/v1"), "/v1");
    assert_null(route_path("http:///v1"));
    assert_null(route_path("http://host?/v1"));
    assert_null(route_path("*"));
    assert_null(route_path(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long_object),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
