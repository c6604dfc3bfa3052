#include "core/pool/keyfile.h"
#include "core/pool/modelmap.h"

#include "support.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *pattern, *model;
    bool fits;
} matches[] = {
    {"claude-opus-*", "claude-opus-4-6", true},
    {"claude-opus-*", "claude-opus-", true},
    {"claude-opus-*", "claude-opus", false},
    {"*", "", true},
    {"*", "gpt-5.4", true},
    {"gpt-5.4", "gpt-5.4", true},
    {"gpt-5.4", "gpt-5.4-mini", false},
    {"*-4-*", "claude-opus-4-6", true},
    {"*a*b", "aab", true},
    {"*a*b", "aabc", false},
    {"", "", true},
    {"", "x", false},
};

static void test_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(matches); i++)
        if (modelmap_matches(matches[i].pattern, matches[i].model) != matches[i].fits)
            fail_msg("%s %s", matches[i].pattern, matches[i].model);
}

#define KEY(more)   "{\"keys\":[{\"name\":\"o\",\"kind\":\"openai\",\"token\":\"sk-FAKE\"" more "}]"
#define CHAIN(text) KEY("") ",\"model_fallback\":" text "}"

static int parse(const char *text, struct keyring *ret_keyring, struct keyring_report *report)
{
    *report = (struct keyring_report){0};
    return keyfile_parse(text, strlen(text), ret_keyring, report);
}

static void check_next(const char *text, const char *asked, const char *wanted)
{
    struct keyring keyring;
    struct keyring_report report;
    char got[512] = "", model[MODELMAP_NAME];
    assert_int_equal(parse(text, &keyring, &report), 0);
    for (size_t i = 0; modelmap_next(&keyring, asked, i, model); i++) {
        strcat(got, i > 0 ? " " : "");
        strcat(got, model);
    }
    assert_string_equal(got, wanted);
    keyring_report_finish(&report);
    keyring_finish(&keyring);
}

static void test_next(void **state)
{
    (void)state;
    const char *chains = CHAIN("{\"claude-opus-*\":[\"claude-sonnet-*\",\"claude-haiku-4-5\"],"
                               "\"a\":\"b\",\"*x*\":[\"c\"]}");
    check_next(chains, "claude-opus-4-6", "claude-sonnet-4-6 claude-haiku-4-5");
    check_next(chains, "claude-haiku-4-5", "");
    check_next(chains, "a", "b");
    check_next(chains, "axe", "c");
    check_next(KEY("") "}", "a", "");
    const char *own = CHAIN("{\"claude-*\":[\"claude-haiku-4-5\",\"claude-*-fast\",\"gpt-5.4\"],"
                            "\"*-mini\":[\"x-mini\",\"gpt-5.4\",\"gpt-5.4\",\"last\"]}");
    check_next(own, "claude-opus-4-6", "claude-haiku-4-5 claude-opus-4-6-fast gpt-5.4");
    check_next(own, "claude-haiku-4-5", "claude-haiku-4-5-fast gpt-5.4");
    check_next(own, "x-mini", "gpt-5.4 last");
    check_next(CHAIN("{\"c-opus-*\":[\"c-sonnet\"],\"c-*\":[\"c-haiku\"]}"), "c-opus-4",
               "c-sonnet");
}

static void test_of_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *asked, *wanted;
    } rows[] = {
        {KEY("") "}", "gpt-5.4", "gpt-5.4"},
        {KEY("") "}", "claude-opus-4-6", NULL},
        {KEY("") "}", "sonnet", NULL},
        {KEY(",\"models\":{\"claude-opus-*\":\"gpt-5.4\",\"*\":\"gpt-5.4-mini\"}") "}",
         "claude-opus-4-6", "gpt-5.4"},
        {KEY(",\"models\":{\"claude-opus-*\":\"gpt-5.4\",\"*\":\"gpt-5.4-mini\"}") "}",
         "claude-haiku-4-5", "gpt-5.4-mini"},
        {KEY(",\"models\":{\"claude-opus-*\":\"gpt-5.4\"}") "}", "gpt-5.4", NULL},
        {KEY(",\"models\":{\"*\":\"anthropic/*\"}") "}", "claude-x", "anthropic/claude-x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct keyring_report report;
        char model[MODELMAP_NAME];
        assert_int_equal(parse(rows[i].text, &keyring, &report), 0);
        bool found = modelmap_of_key(&keyring.keys[0], rows[i].asked, model);
        assert_int_equal(found, rows[i].wanted != NULL);
        if (found)
            assert_string_equal(model, rows[i].wanted);
        keyring_report_finish(&report);
        keyring_finish(&keyring);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } rows[] = {
        {CHAIN("{\"a\":[\"b\"],\"b\":[\"a\"]}"),
         "model_fallback: \"a\" leads back to itself; a model can come once on its way\n"},
        {CHAIN("{\"a\":[\"b\",\"a\"]}"),
         "model_fallback: \"a\" leads back to itself; a model can come once on its way\n"},
        {CHAIN("{\"claude-*\":[\"claude-*\"]}"),
         "model_fallback: \"claude-*\" leads back to itself; a model can come once on its way\n"},
        {CHAIN("{\"c-opus-*\":[\"c-haiku\"],\"c-*\":[\"c-opus-4\"]}"),
         "model_fallback: \"c-opus-*\" leads back to itself; a model can come once on its way\n"},
        {CHAIN("{\"a\":[\"x\",\"b\"],\"b\":[\"c\"],\"c\":[\"a\"]}"),
         "model_fallback: \"a\" leads back to itself; a model can come once on its way\n"},
        {CHAIN("{\"a\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}"),
         "model_fallback.a: a chain has at most 5 models\n"},
        {CHAIN("{\"a\":[\"b*\"]}"),
         "model_fallback.a: a name with '*' needs a pattern with one '*' before it\n"},
        {CHAIN("{\"a\":7}"), "model_fallback.a: expected an array of models such as "
                             "[\"claude-sonnet-*\"], found a number\n"},
        {CHAIN("[]"), "model_fallback: expected an object such as {\"claude-opus-*\": "
                      "[\"claude-sonnet-*\"]}, found an array\n"},
        {KEY(",\"api\":\"soap\"") "}",
         "keys[0].api: expected \"chat\" or \"responses\", found \"soap\"\n"},
        {KEY(",\"headers\":{\"Authorization\":\"x\"}") "}",
         "keys[0].headers: a header that the gateway sets by itself\n"},
        {KEY(",\"headers\":{\"X-A\":\"x\\ny\"}") "}",
         "keys[0].headers: a header's value has no control characters\n"},
        {KEY(",\"models\":{\"a b\":\"c\"}") "}",
         "keys[0].models: a model's name has letters, digits and marks, no spaces\n"},
        {"{\"keys\":[{\"name\":\"a\",\"token\":\"" API_1 "\",\"models\":{\"*\":\"x\"}}]}",
         "keys[0].models: is for keys of kind \"openai\" alone\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct keyring_report report;
        assert_int_equal(parse(rows[i].text, &keyring, &report), -EINVAL);
        assert_string_equal(buffer_text(&report.errors), rows[i].line);
        keyring_report_finish(&report);
    }
}

static void test_option(void **state)
{
    (void)state;
    struct keyring keyring;
    struct keyring_report report;
    struct buffer error = {0};
    char model[MODELMAP_NAME];
    assert_int_equal(parse(CHAIN("{\"a\":[\"b\"]}"), &keyring, &report), 0);
    assert_int_equal(modelmap_parse(&keyring, "a=x,y;claude-opus-*=claude-sonnet-*", &error), 0);
    assert_true(modelmap_next(&keyring, "a", 1, model));
    assert_string_equal(model, "y");
    assert_true(modelmap_next(&keyring, "claude-opus-4-6", 0, model));
    assert_string_equal(model, "claude-sonnet-4-6");
    assert_int_equal(modelmap_parse(&keyring, "a", &error), -EINVAL);
    assert_string_equal(buffer_text(&error), "expected MODEL=MODEL[,MODEL...], found \"a\"");
    buffer_clear(&error);
    assert_int_equal(modelmap_parse(&keyring, "a=b;b=a", &error), -EINVAL);
    assert_string_equal(buffer_text(&error), "\"a\" leads back to itself");
    buffer_finish(&error);
    keyring_report_finish(&report);
    keyring_finish(&keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_next),
        cmocka_unit_test(test_of_key),   cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_option),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
