#include "support.h"

#include "core/client/settingsedit.h"

#include <errno.h>
#include <string.h>

static const struct settings_member members[] = {
    {NULL, "apiKeyHelper", "tcr-run gateway token"},
    {"env", "ANTHROPIC_BASE_URL", "http://127.0.0.1:4080"},
};

#define HELPER  "\"apiKeyHelper\": \"tcr-run gateway token\""
#define ADDRESS "\"ANTHROPIC_BASE_URL\": \"http://127.0.0.1:4080\""

/* What is there, and what it becomes; the way back gives the same bytes. */
static const struct {
    const char *before, *after;
} files[] = {
    {"{\n  \"model\": \"opus\"\n}\n",
     "{\n  \"env\": {\n    " ADDRESS "\n  },\n  " HELPER ",\n  \"model\": \"opus\"\n}\n"},
    {"{\n  \"env\": {\n    \"A\": \"b\"\n  }\n}",
     "{\n  " HELPER ",\n  \"env\": {\n    " ADDRESS ",\n    \"A\": \"b\"\n  }\n}"},
    {"{\"env\":{},\"x\":[1,2]}", "{\n  " HELPER ",\"env\":{" ADDRESS "},\"x\":[1,2]}"},
    {"{\"env\": {\n  }}", "{\n  " HELPER ",\"env\": {" ADDRESS "\n  }}"},
    {" {}\n", " {\n  \"env\": {\n    " ADDRESS "\n  }," HELPER "}\n"},
    {"{\t\"env\" : {\"A\":\"}\"} }",
     "{\n  " HELPER ",\t\"env\" : {\n    " ADDRESS ",\"A\":\"}\"} }"},
};

static void there_and_back(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct buffer after = {0}, again = {0}, back = {0}, error = {0};
        const char *before = files[i].before;
        assert_int_equal(settingsedit_add(before, strlen(before), members, 2, &after, &error), 2);
        assert_string_equal(buffer_text(&after), files[i].after);
        assert_int_equal(
            settingsedit_add(buffer_text(&after), after.length, members, 2, &again, &error), 0);
        assert_string_equal(buffer_text(&again), files[i].after);
        assert_int_equal(
            settingsedit_remove(buffer_text(&after), after.length, members, 2, &back, &error), 2);
        assert_string_equal(buffer_text(&back), before);
        buffer_finish(&after);
        buffer_finish(&again);
        buffer_finish(&back);
    }
}

static void of_no_file_one_is_made(void **unused)
{
    struct buffer text = {0}, error = {0};
    (void)unused;
    assert_int_equal(settingsedit_add(NULL, 0, members, 2, &text, &error), 2);
    assert_string_equal(buffer_text(&text),
                        "{\n  " HELPER ",\n  \"env\": {\n    " ADDRESS "\n  }\n}\n");
    buffer_finish(&text);
}

static void what_an_owner_changed_stays(void **unused)
{
    static const struct {
        const char *text, *left;
        int count;
    } cases[] = {
        {"{\"env\": {\"B\": 1,\n" ADDRESS "}, " HELPER "}", "{\"env\": {\"B\": 1}}", 2},
        {"{\"apiKeyHelper\": \"other\", \"env\": {" ADDRESS ", \"B\": 2}}",
         "{\"apiKeyHelper\": \"other\", \"env\": { \"B\": 2}}", 1},
        {"{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://proxy.example\"}}",
         "{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://proxy.example\"}}", 0},
    };
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer text = {0}, error = {0};
        assert_int_equal(
            settingsedit_remove(cases[i].text, strlen(cases[i].text), members, 2, &text, &error),
            cases[i].count);
        assert_string_equal(buffer_text(&text), cases[i].left);
        buffer_finish(&text);
    }
}

static void what_cannot_be_is_told(void **unused)
{
    static const struct {
        const char *text, *says;
        int r;
    } cases[] = {
        {"{\"env\": {\"ANTHROPIC_BASE_URL\": \"https://proxy.example\"}}",
         "env.ANTHROPIC_BASE_URL is set already, to \"https://proxy.example\"", -EEXIST},
        {"{\"apiKeyHelper\": \"x\"}", "apiKeyHelper is set already, to \"x\"", -EEXIST},
        {"{\"env\": []}", "env is no JSON object", -EINVAL},
        {"{\"env\": {}", "the file is no JSON object", -EINVAL},
        {"{} {}", "the file is no JSON object", -EINVAL},
        {"[]", "the file is no JSON object", -EINVAL},
        {" \n", NULL, 2},
    };
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer text = {0}, error = {0};
        assert_int_equal(
            settingsedit_add(cases[i].text, strlen(cases[i].text), members, 2, &text, &error),
            cases[i].r);
        if (cases[i].says)
            assert_non_null(strstr(buffer_text(&error), cases[i].says));
        else
            assert_int_equal(error.length, 0);
        buffer_finish(&text);
        buffer_finish(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(of_no_file_one_is_made),
        cmocka_unit_test(what_an_owner_changed_stays),
        cmocka_unit_test(what_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
