#include "support.h"

#include "base/json.h"
#include "base/jsontext.h"

#include <string.h>

static void strings(void **unused)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "\"\""},
        {"a \"b\" \\c", "\"a \\\"b\\\" \\\\c\""},
        {"\x01\x1b\n\x7f", "\"\\u0001\\u001b\\u000a\\u007f\""},
        {"Zo\xc3\xab", "\"Zo\xc3\xab\""},
        {"a\xff"
         "b",
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xc2\x9b"
         "2J",
         "\"\\u009b2J\""},
        {"\xe2\x80\xae", "\"\\u202e\""},
        {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer buffer = {0};
        jsontext_string(&buffer, cases[i].text);
        assert_string_equal(buffer_text(&buffer), cases[i].expected);
        buffer_finish(&buffer);
    }
}

/* What is printed is what any other reader finds. */
static void read_again(void **unused)
{
    char text[256];
    struct buffer buffer = {0};
    (void)unused;
    for (int i = 0; i < 255; i++)
        text[i] = (char)(i < 127 ? i + 1 : 'x');
    text[255] = '\0';
    jsontext_string(&buffer, text);
    cJSON *json = json_parse(buffer_text(&buffer), buffer.length, NULL);
    assert_string_equal(cJSON_GetStringValue(json), text);
    json_destroy(json);
    buffer_finish(&buffer);
}

static void members(void **unused)
{
    struct buffer buffer = {0};
    (void)unused;
    buffer_append_char(&buffer, '{');
    jsontext_add_integer(&buffer, "time", -5);
    jsontext_add_string(&buffer, "key", "a,{");
    jsontext_name(&buffer, "list");
    buffer_append_char(&buffer, '[');
    for (int i = 0; i < 2; i++) {
        jsontext_comma(&buffer);
        buffer_append_integer(&buffer, i);
    }
    buffer_append_text(&buffer, "]}");
    assert_string_equal(buffer_text(&buffer), "{\"time\":-5,\"key\":\"a,{\",\"list\":[0,1]}");
    buffer_finish(&buffer);
}

static void trees(void **unused)
{
    struct buffer buffer = {0};
    cJSON *json = cJSON_CreateObject();
    (void)unused;
    json_set_string(json, "a", "\xff\xc2\x9b\xc3\xa9\t");
    jsontext_tree(&buffer, json, false);
    assert_string_equal(buffer_text(&buffer), "{\"a\":\"\xef\xbf\xbd\\u009b\xc3\xa9\\t\"}");
    buffer_clear(&buffer);
    jsontext_tree(&buffer, json, true);
    assert_string_equal(buffer_text(&buffer), "{\n  \"a\": \"\xef\xbf\xbd\\u009b\xc3\xa9\\t\"\n}");
    json_destroy(json);
    buffer_finish(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(read_again),
        cmocka_unit_test(members),
        cmocka_unit_test(trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
