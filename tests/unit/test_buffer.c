#include "base/buffer.h"

#include "support.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_empty_is_no_null(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    assert_string_equal(buffer_text(&buffer), "");
    buffer_clear(&buffer);
    buffer_drop_front(&buffer, 3);
    assert_string_equal(buffer_text(&buffer), "");
    char *text = buffer_take(&buffer);
    assert_string_equal(text, "");
    free(text);
}

static void test_appends_in_order(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "one");
    buffer_append_char(&buffer, ' ');
    buffer_append(&buffer, "twofold", 3);
    buffer_append(&buffer, NULL, 0);
    buffer_append_format(&buffer, " %d %s", 3, "four");
    assert_string_equal(buffer_text(&buffer), "one two 3 four");
    assert_int_equal(buffer.length, strlen("one two 3 four"));
    buffer_finish(&buffer);
    assert_null(buffer.data);
}

static void test_room_holds_nothing_yet(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    char *before = malloc(1024);
    assert_non_null(before);
    memset(before, 'x', 1024);
    __asm__ volatile("" : : "r"(before) : "memory");
    free(before); /* whoever gets it next finds that */
    buffer_expect(&buffer, 1000);
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.length, 0);
    const char *data = buffer.data;
    for (size_t i = 0; i < 1000; i++)
        buffer_append_char(&buffer, 'a');
    assert_ptr_equal(buffer.data, data);
    buffer_finish(&buffer);
}

static void test_keeps_nul_bytes(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append(&buffer, "a\0b", 3);
    buffer_append_char(&buffer, '\0');
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.data, "a\0b\0", 5);
    buffer_finish(&buffer);
}

static void test_grows_without_loss(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (size_t i = 0; i < 10000; i++) {
        buffer_append_char(&buffer, (char)('a' + i % 26));
        assert_int_equal(buffer.data[i + 1], '\0');
    }
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    buffer_finish_wiping(&buffer);
    assert_null(buffer.data);
}

/* A format whose result is far longer than what is there already. */
static void test_formats_long_text(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "x");
    buffer_append_format(&buffer, "%5000d", 7);
    assert_int_equal(buffer.length, 5001);
    assert_int_equal(buffer.data[0], 'x');
    assert_int_equal(buffer.data[5000], '7');
    buffer_finish(&buffer);
}

static void test_integers(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0,         7,         -7,        10,       1795228057,
                                      INT64_MAX, INT64_MIN, INT32_MIN, 1LL << 32};
    struct buffer buffer = {0};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%lld", (long long)numbers[i]);
        buffer_clear(&buffer);
        buffer_append_integer(&buffer, numbers[i]);
        assert_string_equal(buffer_text(&buffer), expected);
    }
    buffer_finish(&buffer);
}

static void test_drops_from_the_front(void **state)
{
    (void)state;
    static const struct {
        size_t drop;
        const char *left;
    } rows[] = {{0, "abcdef"}, {1, "bcdef"}, {5, "f"}, {6, ""}, {7, ""}, {SIZE_MAX, ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer buffer = {0};
        buffer_append_text(&buffer, "abcdef");
        buffer_drop_front(&buffer, rows[i].drop);
        assert_string_equal(buffer_text(&buffer), rows[i].left);
        assert_int_equal(buffer.length, strlen(rows[i].left));
        buffer_append_text(&buffer, "!");
        assert_int_equal(buffer.data[buffer.length - 1], '!');
        buffer_finish(&buffer);
    }
}

/* No machine has this much; the bytes are never looked at. */
static void append_too_much(struct buffer *buffer)
{
    buffer_append(buffer, "", SIZE_MAX / 2);
}

static void test_failure_is_remembered(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "kept");
    append_too_much(&buffer);
    assert_true(buffer.failed);
    buffer_append_text(&buffer, "not");
    buffer_append_char(&buffer, 'n');
    buffer_append_format(&buffer, "%s", "not");
    assert_string_equal(buffer_text(&buffer), "kept");
    assert_null(buffer_take(&buffer));
    assert_false(buffer.failed);
    assert_null(buffer.data);
}

static void test_failed_while_empty(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    append_too_much(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
    assert_null(buffer_take(&buffer));
}

static void test_taken_text_is_the_callers(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "first");
    char *text = buffer_take(&buffer);
    buffer_append_text(&buffer, "second");
    assert_string_equal(text, "first");
    assert_string_equal(buffer_text(&buffer), "second");
    free(text);
    buffer_finish(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_is_no_null),
        cmocka_unit_test(test_appends_in_order),
        cmocka_unit_test(test_room_holds_nothing_yet),
        cmocka_unit_test(test_keeps_nul_bytes),
        cmocka_unit_test(test_grows_without_loss),
        cmocka_unit_test(test_formats_long_text),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_drops_from_the_front),
        cmocka_unit_test(test_failure_is_remembered),
        cmocka_unit_test(test_failed_while_empty),
        cmocka_unit_test(test_taken_text_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
