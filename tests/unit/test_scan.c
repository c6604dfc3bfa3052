#include "base/scan.h"

#include "base/json.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static bool is_value(const char *text)
{
    size_t length = strlen(text);
    char *copy = test_malloc(length + 1); /* without a NUL behind it: reading on is found */
    memcpy(copy, text, length);
    struct scan scan = {copy, copy + length};
    struct part part;
    bool fine = scan_value(&scan, &part) && scan_peek(&scan) == '\0' && scan.at == scan.end;
    test_free(copy);
    return fine;
}

static void values(void **unused)
{
    static const char *const right[] = {"0",
                                        "-1",
                                        "1.5",
                                        "1e9",
                                        "-2E+3",
                                        "1.0e-7",
                                        "true",
                                        "false",
                                        "null",
                                        "\"\"",
                                        "\"a\"",
                                        "\"\\u00e9\\n\\\\\\/\"",
                                        "{}",
                                        "[]",
                                        " [ 1 , 2 ] ",
                                        "{\"a\":{\"b\":[{},[],\"}\"]}}",
                                        "{\"a\\\"\":1,\"b\":2}"};
    static const char *const wrong[] = {"",
                                        " ",
                                        "-",
                                        "1.",
                                        "1e",
                                        ".5",
                                        "+1",
                                        "tru",
                                        "nulll",
                                        "\"",
                                        "\"\\\"",
                                        "\"\\x\"",
                                        "\"\n\"",
                                        "\"\x01\"",
                                        "\"\\u12g4\"",
                                        "\"\\u12\"",
                                        "{",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{a:1}",
                                        "{\"a\":1,}",
                                        "{,}",
                                        "{\"a\":1 \"b\":2}",
                                        "[",
                                        "[1",
                                        "[1,]",
                                        "[1 2]",
                                        "[1}",
                                        "]",
                                        "1 2",
                                        "{\"a\":1}}"};
    (void)unused;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if (!is_value(right[i]))
            fail_msg("refused: %s", right[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (is_value(wrong[i]))
            fail_msg("accepted: %s", wrong[i]);
}

static void depth(void **unused)
{
    char text[100000];
    (void)unused;
    memset(text, '[', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_false(is_value(text));
    memset(text + 45, ']', 45);
    text[90] = '\0';
    assert_true(is_value(text));
}

static void texts(void **unused)
{
    static const struct {
        const char *json, *text;
    } cases[] = {{"\"plain\"", "plain"},
                 {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t"},
                 {"\"\\u0041\\u00e9\\u20ac\"", "Aé€"},
                 {"\"\\ud83d\\ude00\"", "😀"},
                 {"\"\\ud83d!\"", "\xEF\xBF\xBD!"},
                 {"\"\\ude00\"", "\xEF\xBF\xBD"},
                 {"7", ""},
                 {"\"0123456789abcdefghij\"", "0123456789abcde"},
                 {"\"0123456789abcdé\"", "0123456789abcd"},
                 {"\"0123456789abc€\"", "0123456789abc"},
                 {"\"0123456789ab😀\"", "0123456789ab"},
                 {"\"\\n0123456789abcé\"", "\n0123456789abc"},
                 {"\"0123456789abcé€\"", "0123456789abcé"}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        const struct part part = {cases[i].json, strlen(cases[i].json)};
        part_text(&part, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void integers(void **unused)
{
    static const struct {
        const char *json;
        int64_t number;
    } cases[] = {{"0", 0},
                 {"7", 7},
                 {"-12", -12},
                 {"1795209600", 1795209600},
                 {"1.0", 1},
                 {"1e3", 1000},
                 {"9007199254740992", 9007199254740992},
                 {"1.5", 77},
                 {"1e300", 77},
                 {"\"5\"", 77},
                 {"true", 77},
                 {"9007199254740994", 77}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = 77;
        const struct part part = {cases[i].json, strlen(cases[i].json)};
        assert_int_equal(part_integer(&part, &number), cases[i].number != 77);
        assert_int_equal(number, cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(depth),
        cmocka_unit_test(texts),
        cmocka_unit_test(integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
