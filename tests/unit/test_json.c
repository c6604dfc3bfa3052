#include "base/json.h"

#include "support.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void test_takes_one_value(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{}", " {} ", "\r\n\t[]\n\n", "null", "true", "-1.5e3", "\"text\"", "{\"a\":{\"b\":[1,2]}}",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* in memory of its own size, so that the sanitizer sees a byte read too many */
        char *copy = test_malloc(strlen(rows[i]));
        cJSON *json = json_parse(memcpy(copy, rows[i], strlen(rows[i])), strlen(rows[i]), NULL);
        if (!json)
            fail_msg("%s was refused", rows[i]);
        json_destroy(json);
        test_free(copy);
    }
}

/* Where reading stopped: good enough to find the mistake in an editor. */
static void test_says_where_it_stopped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
    } rows[] = {
        {"{\"a\": x}", 1, 7}, {"{\"a\": 1,\n \"b\": }", 2, 7},
        {"{} {}", 1, 3},      {"{}\n\n  x", 1, 3},
        {"[1,\n2,\n3", 3, 1}, {"nope", 1, 1},
        {"{\"a\" 1}", 1, 6},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_place place = {0, 0};
        cJSON *json = NULL;
        assert_int_equal(json_read(rows[i].text, strlen(rows[i].text), &json, &place), -EINVAL);
        assert_null(json);
        if (place.line != rows[i].line || place.column != rows[i].column)
            fail_msg("%s: line %d, column %d", rows[i].text, place.line, place.column);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"", 0},           {" ", 1},    {"{", 1},         {"{}", 1},    {"{}\0", 3},  {"{}x", 3},
        {"{\"a\":\"b", 7}, {"\"\\", 2}, {"\"\\u12\"", 6}, {"[1 2]", 5}, {"{1:2}", 5}, {"{}{}", 4},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (json_parse(rows[i].bytes, rows[i].length, NULL))
            fail_msg("row %zu was taken", i);
}

/* Bytes past the length are not read, and no length is too short: the sanitizer would say so. */
static void test_reads_no_byte_too_many(void **state)
{
    (void)state;
    static const char text[] = "{\"name\":\"h\\u00fcte\",\"list\":[1,true,null,-2.5e1],\"o\":{}}";
    for (size_t length = 0; length < sizeof text - 1; length++) {
        char *copy = test_malloc(length + 1);
        char *bytes = memcpy(copy + 1, text, length);
        assert_null(json_parse(bytes, length, NULL));
        test_free(copy);
    }
}

static void test_deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[40001];
    memset(text, '[', sizeof text);
    assert_null(json_parse(text, sizeof text, NULL));
}

static cJSON *parse(const char *text)
{
    cJSON *json = json_parse(text, strlen(text), NULL);
    assert_non_null(json);
    return json;
}

static void test_lookups_are_exact(void **state)
{
    (void)state;
    CLEANUP_JSON cJSON *json =
        parse("{\"Name\":\"A\",\"name\":\"b\",\"n\":1,\"t\":true,\"f\":false}");
    assert_string_equal(json_string(json, "name"), "b");
    assert_string_equal(json_string(json, "Name"), "A");
    assert_null(json_get(json, "NAME"));
    assert_null(json_string(json, "n"));
    assert_null(json_string(json, "missing"));
    assert_true(json_is_true(json, "t"));
    assert_false(json_is_true(json, "f"));
    assert_false(json_is_true(json, "n"));
    assert_false(json_is_true(json, "missing"));
}

static void test_lookups_in_what_is_no_object(void **state)
{
    (void)state;
    static const char *const rows[] = {"[{\"a\":1}]", "\"a\"", "1", "null"};
    int64_t number = 5;
    assert_null(json_get(NULL, "a"));
    assert_null(json_string(NULL, "a"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_JSON cJSON *json = parse(rows[i]);
        assert_null(json_get(json, "a"));
        assert_false(json_integer(json, "a", &number));
        assert_int_equal(number, 5);
    }
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
        int64_t value;
    } rows[] = {
        {"{\"n\":0}", true, 0},
        {"{\"n\":-7}", true, -7},
        {"{\"n\":3000000000}", true, 3000000000},
        {"{\"n\":1e3}", true, 1000},
        {"{\"n\":9007199254740992}", true, INT64_C(9007199254740992)},
        {"{\"n\":-9007199254740992}", true, -INT64_C(9007199254740992)},
        {"{\"n\":9007199254740994}", false, 0},
        {"{\"n\":1e300}", false, 0},
        {"{\"n\":1e999}", false, 0},
        {"{\"n\":-1e999}", false, 0},
        {"{\"n\":1.5}", false, 0},
        {"{\"n\":\"1\"}", false, 0},
        {"{\"n\":true}", false, 0},
        {"{\"n\":null}", false, 0},
        {"{}", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_JSON cJSON *json = parse(rows[i].text);
        int64_t number = -77;
        bool whole = json_integer(json, "n", &number);
        if (whole != rows[i].whole || number != (whole ? rows[i].value : -77))
            fail_msg("%s: %lld", rows[i].text, (long long)number);
    }
}

static void test_not_a_number_is_no_integer(void **state)
{
    (void)state;
    CLEANUP_JSON cJSON *json = cJSON_CreateObject();
    int64_t number;
    assert_true(json_set(json, "n", cJSON_CreateNumber((double)NAN)));
    assert_false(json_integer(json, "n", &number));
}

static void expect_print(const cJSON *json, const char *expected)
{
    char *text = json_print(json, false);
    assert_string_equal(text, expected);
    json_free_text(text);
}

static void test_sets_and_replaces(void **state)
{
    (void)state;
    CLEANUP_JSON cJSON *json = parse("{\"a\":1,\"keep\":{\"x\":[]},\"A\":2}");
    assert_true(json_set_string(json, "a", "one"));
    assert_true(json_set_integer(json, "new", INT64_C(1795216945)));
    assert_true(json_set_integer(json, "new", INT64_C(999999999999999)));
    assert_false(json_set(json, "a", NULL));
    assert_false(json_set_string(NULL, "a", "lost"));
    expect_print(json, "{\"a\":\"one\",\"keep\":{\"x\":[]},\"A\":2,\"new\":999999999999999}");
}

static void test_prints_indented(void **state)
{
    (void)state;
    CLEANUP_JSON cJSON *json = parse("{\"a\":[1]}");
    char *text = json_print(json, true);
    assert_int_equal(count_lines(text), 2);
    json_free_text(text);
}

static void test_names_types(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } rows[] = {
        {"null", "null"},      {"true", "true"},   {"false", "false"},  {"1", "a number"},
        {"\"s\"", "a string"}, {"[]", "an array"}, {"{}", "an object"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CLEANUP_JSON cJSON *json = parse(rows[i].text);
        assert_string_equal(json_type_name(json), rows[i].name);
    }
    assert_string_equal(json_type_name(NULL), "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_one_value),
        cmocka_unit_test(test_says_where_it_stopped),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_reads_no_byte_too_many),
        cmocka_unit_test(test_deep_nesting_is_refused),
        cmocka_unit_test(test_lookups_are_exact),
        cmocka_unit_test(test_lookups_in_what_is_no_object),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_not_a_number_is_no_integer),
        cmocka_unit_test(test_sets_and_replaces),
        cmocka_unit_test(test_prints_indented),
        cmocka_unit_test(test_names_types),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
