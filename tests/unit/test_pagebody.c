#include "core/gateway/pagebody.h"

#include "support.h"

#include <errno.h>
#include <string.h>

#define NEW "\"name\":\"new\",\"secret\":\"" OAUTH_1 "\""

static cJSON *json(const char *text)
{
    cJSON *value = json_parse(text, strlen(text), NULL);
    assert_non_null(value);
    return value;
}

static void test_keys(void **state)
{
    static const struct {
        const char *body, *error; /* what the sentence begins with; NULL: fine */
    } rows[] = {
        {"{" NEW "}", NULL},
        {"{" NEW ",\"kind\":\"oauth\",\"base_url\":\"\",\"priority\":null}", NULL},
        {"{" NEW ",\"kind\":\"env:MY_TOKEN\",\"priority\":-3}", NULL},
        {"{\"name\":\"task-1\",\"secret\":\"" OAUTH_1 "\"}", NULL},
        {"{" NEW ",\"base_url\":\"http://127.0.0.1:8080\"}", NULL},
        {"{}", "secret: "},
        {"{\"secret\":\"" OAUTH_1 "\"}", "name: "},
        {"{\"name\":\"new\",\"secret\":\"\"}", "secret: "},
        {"{\"name\":\"new\",\"secret\":\"a\\nb\"}", "secret: "},
        {"{\"name\":\"new\",\"secret\":7}", "secret: "},
        {"{\"name\":\"-f\",\"secret\":\"" OAUTH_1 "\"}", "name: "},
        {"{\"name\":\"" OAUTH_1 "\",\"secret\":\"" OAUTH_2 "\"}", "name: "},
        {"{\"name\":\"a " OAUTH_1 "\",\"secret\":\"" OAUTH_2 "\"}", "name: "},
        {"{\"name\":\"FAKE-x\",\"secret\":\"FAKE-x\"}", "name: "},
        {"{" NEW ",\"kind\":\"" OAUTH_1 "\"}", "kind: "},
        {"{" NEW ",\"kind\":1}", "kind: "},
        {"{" NEW ",\"kind\":\"env:\"}", "kind: "},
        {"{" NEW ",\"base_url\":\"https://me:FAKE@x.example\"}", "base_url: "},
        {"{" NEW ",\"base_url\":\"https://x.example/" OAUTH_1 "\"}", "base_url: "},
        {"{" NEW ",\"base_url\":\"http://x.example\"}", "base_url: "},
        {"{" NEW ",\"base_url\":[]}", "base_url: "},
        {"{" NEW ",\"priority\":\"1\"}", "priority: "},
        {"{" NEW ",\"priority\":1e12}", "priority: "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pagebody_key key;
        struct buffer error = {0};
        cJSON *body = json(rows[i].body);
        int r = pagebody_read_key(body, &key, &error);
        if (r != (rows[i].error ? -EINVAL : 0) ||
            (rows[i].error &&
             strncmp(buffer_text(&error), rows[i].error, strlen(rows[i].error)) != 0))
            fail_msg("%s: %d, %s", rows[i].body, r, buffer_text(&error));
        expect_no_secret(rows[i].body, buffer_text(&error));
        json_destroy(body);
        buffer_finish(&error);
    }
}

static void test_fallbacks(void **state)
{
    static const struct {
        const char *body, *rules; /* NULL: refused */
    } rows[] = {
        {"{}", ""},
        {"{\"claude-opus-*\":[\"claude-sonnet-*\",\"b\"],\"x\":\"y\"}",
         "claude-opus-*=claude-sonnet-*,b;x=y"},
        {"[]", NULL},
        {"{\"a\":[]}", NULL},
        {"{\"a\":[1]}", NULL},
        {"{\"a\":1}", NULL},
        {"{\"a=b\":[\"c\"]}", NULL},
        {"{\"a\":[\"b,c\"]}", NULL},
        {"{\"a\":[\"a\"]}", NULL},
        {"{\"a\":[\"b\"],\"b\":[\"a\"]}", NULL},
        {"{\"\":[\"b\"]}", NULL},
        {"{\"a\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer rules = {0}, error = {0};
        cJSON *body = json(rows[i].body);
        int r = pagebody_read_fallback(body, &rules, &error);
        if (r != (rows[i].rules ? 0 : -EINVAL) || (r < 0 && error.length == 0) ||
            (r == 0 && strcmp(buffer_text(&rules), rows[i].rules) != 0))
            fail_msg("%s: %d, \"%s\", %s", rows[i].body, r, buffer_text(&rules),
                     buffer_text(&error));
        json_destroy(body);
        buffer_finish(&rules);
        buffer_finish(&error);
    }
}

static void test_checks(void **state)
{
    static const struct {
        const char *printed, *text;
        bool valid;
    } rows[] = {
        {"tcr-run: a warning\n{\"keys\":[{\"name\":\"a\",\"state\":\"valid\",\"milliseconds\":12}]}"
         "\ntcr-run: more\n",
         "\"a\" is valid, answered in 12 ms; the check costs nothing", true},
        {"{\"keys\":[{\"name\":\"a\",\"state\":\"refused\",\"reason\":\"was refused (401)\"}]}",
         "\"a\" is refused: was refused (401); the check costs nothing", false},
        {"", NULL, false},
        {"tcr-run: no such key\n", NULL, false},
        {"}{", NULL, false},
        {"{\"keys\":[]}", NULL, false},
        {"{\"keys\":[{\"name\":\"a\"}]}", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer text = {0};
        bool valid = false;
        assert_int_equal(pagebody_tell_check(rows[i].printed, &valid, &text), rows[i].text != NULL);
        assert_string_equal(buffer_text(&text), rows[i].text ? rows[i].text : "");
        assert_int_equal(valid, rows[i].valid);
        buffer_finish(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys),
                                       cmocka_unit_test(test_fallbacks),
                                       cmocka_unit_test(test_checks)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
