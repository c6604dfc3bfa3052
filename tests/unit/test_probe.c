#include "core/evidence/probe.h"

#include "support.h"

#include <errno.h>
#include <string.h>

/* The request as it would be seen on the wire, "URL | header | header …". */
static void show(const struct probe *probe, struct buffer *text)
{
    buffer_append_text(text, probe->url);
    for (size_t i = 0; i < probe->header_count; i++)
        buffer_append_format(text, " | %s", probe->headers[i]);
}

static void test_requests(void **state)
{
    (void)state;
    static const struct {
        enum kind_id id;
        const char *base, *token, *request;
    } rows[] = {
        {KIND_OAUTH, NULL, OAUTH_1,
         "https://api.anthropic.com/v1/models?limit=1 | authorization: Bearer " OAUTH_1
         " | anthropic-version: 2023-06-01 | anthropic-beta: oauth-2025-04-20"},
        {KIND_CONFIG_DIR, "", OAUTH_1,
         "https://api.anthropic.com/v1/models?limit=1 | authorization: Bearer " OAUTH_1
         " | anthropic-version: 2023-06-01 | anthropic-beta: oauth-2025-04-20"},
        {KIND_API, "http://127.0.0.1:8080", API_1,
         "http://127.0.0.1:8080/v1/models?limit=1 | x-api-key: " API_1
         " | anthropic-version: 2023-06-01"},
        {KIND_API, "HTTPS://gateway.example/anthropic//", API_1,
         "HTTPS://gateway.example/anthropic/v1/models?limit=1 | x-api-key: " API_1
         " | anthropic-version: 2023-06-01"},
        {KIND_OPENAI, NULL, "sk-FAKE-openai",
         "https://api.openai.com/v1/models | authorization: Bearer sk-FAKE-openai"},
        {KIND_OPENAI, "https://gateway.example/v1/", "sk-FAKE-openai",
         "https://gateway.example/v1/models | authorization: Bearer sk-FAKE-openai"},
        /* RFC 7617: base64 of "key_FAKE:" */
        {KIND_CURSOR, NULL, "key_FAKE",
         "https://api.cursor.com/v0/me | authorization: Basic a2V5X0ZBS0U6"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct probe probe;
        struct buffer text = {0}, error = {0};
        struct kind kind = kind_make(rows[i].id);
        assert_int_equal(probe_build(&kind, rows[i].token, rows[i].base, &probe, &error), 0);
        show(&probe, &text);
        assert_string_equal(buffer_text(&text), rows[i].request);
        assert_string_equal(buffer_text(&error), "");
        probe_finish(&probe);
        buffer_finish(&text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *base, *part;
    } rows[] = {
        {"api.example", "does not begin with http:// or https://"},
        {"file:///etc/passwd", "does not begin with"},
        {"https:/x", "does not begin with"},
        {"https://a b", "white space or control characters"},
        {"https://user:password@a\r\nx: y", "white space or control characters"},
    };
    struct kind kind = kind_make(KIND_API), other;
    struct probe probe;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer error = {0};
        assert_int_equal(probe_build(&kind, API_1, rows[i].base, &probe, &error), -EINVAL);
        expect_part(rows[i].base, buffer_text(&error), rows[i].part);
        expect_part(rows[i].base, buffer_text(&error), "ANTHROPIC_BASE_URL");
        expect_no_secret(rows[i].base, buffer_text(&error));
        assert_null(strstr(buffer_text(&error), "password"));
        probe_finish(&probe);
        buffer_finish(&error);
    }
    struct buffer error = {0};
    assert_true(kind_from_variable("MY_TOKEN", &other));
    assert_int_equal(probe_build(&other, "x", NULL, &probe, &error), -EINVAL);
    expect_part("no provider", buffer_text(&error), "no provider is known for MY_TOKEN");
    probe_finish(&probe);
    buffer_finish(&error);
}

static void test_quotes(void **state)
{
    (void)state;
    struct probe probe;
    struct buffer error = {0};
    struct kind kind = kind_make(KIND_CURSOR);
    assert_int_equal(probe_build(&kind, "key_FAKE", NULL, &probe, &error), 0);
    assert_true(probe_is_quoted(&probe, "key_FAKE", "no such key: key_FAKE!"));
    assert_true(probe_is_quoted(&probe, "key_FAKE", "got 'Basic a2V5X0ZBS0U6'"));
    assert_false(probe_is_quoted(&probe, "key_FAKE", "no such key: key_FA..."));
    assert_false(probe_is_quoted(&probe, "key_FAKE", ""));
    probe_finish(&probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_quotes),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
