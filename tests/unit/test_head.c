#include "base/head.h"

#include "support.h"

#include <string.h>

static const char head[] = "HTTP/1.1 200 OK: fine\r\n"
                           "Content-Type: text/plain\r\n"
                           "X-Empty:\r\n"
                           "X-Blanks: \t two words \t\n"
                           "no colon here\r\n"
                           " folded: line\r\n"
                           "bad name: x\r\n"
                           "Spaced : 1\r\n"
                           "x-torn: a\rx-other: b\r\n"
                           "x-twice:1\r\n"
                           "X-TWICE: 2\r\n"
                           "x-last: a:b";

static void test_walk(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"Content-Type", "text/plain"},
        {"X-Empty", ""},
        {"X-Blanks", "two words"},
        {"x-twice", "1"},
        {"X-TWICE", "2"},
        {"x-last", "a:b"},
    };
    const char *at = head;
    struct header header;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        assert_true(head_next(&at, &header));
        assert_true(header_is(&header, wanted[i][0]));
        assert_int_equal(header.value_length, strlen(wanted[i][1]));
        assert_memory_equal(header.value, wanted[i][1], header.value_length);
    }
    assert_false(head_next(&at, &header));
}

static void test_values(void **state)
{
    (void)state;
    char value[8];
    assert_true(head_value(head, "x-TWICE", value, sizeof value));
    assert_string_equal(value, "1");
    assert_true(head_value(head, "x-blanks", value, sizeof value));
    assert_string_equal(value, "two wor");
    assert_false(head_value(head, "spaced", value, sizeof value));
    assert_string_equal(value, "");
    assert_true(head_value_is(head, "content-type", "TEXT/plain"));
    assert_false(head_value_is(head, "content-type", "text/plai"));
    assert_int_equal(head_count(head, "X-Twice"), 2);
    assert_int_equal(head_count(head, "x-none"), 0);
}

static void test_append(void **state)
{
    (void)state;
    struct buffer built = {0};
    assert_true(head_append(&built, "A", "b"));
    assert_true(head_append(&built, "c", ""));
    assert_false(head_append(&built, "d", "e\r\nf: g"));
    assert_false(head_append(&built, "d", "e\nf: g"));
    assert_false(head_append(&built, "d e", "f"));
    assert_false(head_append(&built, "", "f"));
    assert_false(head_append(&built, "d:", "f"));
    assert_string_equal(buffer_text(&built), "A: b\r\nc: \r\n");
    buffer_finish(&built);
}

static void test_words(void **state)
{
    (void)state;
    static const char list[] = " one ,, two words\t,three,";
    static const char *const wanted[] = {"one", "two words", "three"};
    const char *at = list, *end = list + strlen(list), *word;
    size_t length;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        assert_true(head_next_word(&at, end, &word, &length));
        assert_int_equal(length, strlen(wanted[i]));
        assert_memory_equal(word, wanted[i], length);
    }
    assert_false(head_next_word(&at, end, &word, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
