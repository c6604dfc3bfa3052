#include "support.h"

#include "base/text.h"

#include <string.h>

static void characters(void **unused)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t code;
    } cases[] = {
        {"a", 1, 'a'},
        {"\xc3\xa9", 2, 0xe9},
        {"\xe2\x82\xac", 3, 0x20ac},
        {"\xf0\x9f\x94\x91", 4, 0x1f511},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        {"\xff", 0, 0},
        {"\x9b", 0, 0},             /* goes on with what did not begin */
        {"\xc3", 0, 0},             /* cut */
        {"\xc3(", 0, 0},            /* broken off */
        {"\xc0\xaf", 0, 0},         /* longer than need be */
        {"\xe0\x80\xaf", 0, 0},     /* likewise */
        {"\xed\xa0\x80", 0, 0},     /* half of a pair */
        {"\xf4\x90\x80\x80", 0, 0}, /* beyond the last one */
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code = 0;
        print_message("case %zu\n", i);
        assert_int_equal(text_character(cases[i].text, strlen(cases[i].text), &code),
                         cases[i].length);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(text_is_utf8(cases[i].text), cases[i].length > 0);
    }
}

/* No byte behind the given length is looked at. */
static void bounds(void **unused)
{
    uint32_t code = 0;
    (void)unused;
    assert_int_equal(text_character("\xe2\x82\xac", 2, &code), 0);
    assert_int_equal(text_character("a", 0, &code), 0);
    assert_int_equal(code, 0);
}

static void controls(void **unused)
{
    static const char *const with[] = {"a\x1b[2J", "\x7f", "b\xc2\x9b", "\xe2\x80\xae", "\xff\n"};
    static const char *const without[] = {"", "Zo\xc3\xab", "\xc2\xa0", "\xff", "\xe2\x80\x94"};
    (void)unused;
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++)
        assert_true(text_has_controls(with[i]));
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        assert_false(text_has_controls(without[i]));
    char text[] = "a\x1b b\xc2\x9b c\xff \xc3\xa9\x9b";
    text_replace_controls(text, strlen(text), '?');
    assert_string_equal(text, "a? b?? c? \xc3\xa9?");
}

static void whole_characters(void **unused)
{
    (void)unused;
    assert_int_equal(text_fit("abc", 3), 3);
    assert_int_equal(text_fit("abc", 9), 3);
    assert_int_equal(text_fit("abc", 2), 2);
    assert_int_equal(text_fit("a\xe2\x82\xac", 3), 1);
    assert_int_equal(text_fit("a\xe2\x82\xac", 4), 4);
}

static void columns(void **unused)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},
        {"key", 3},
        {"Zo\xc3\xab", 3},
        {"Zoe\xcc\x88", 3}, /* a mark that combines */
        {"\xe6\x97\xa5\xe6\x9c\xac", 4},
        {"\xf0\x9f\x94\x91", 2},
        {"a\xe2\x80\x8b"
         "b",
         2}, /* a zero-width space */
        {"\xe2\x80\x94", 1},
        {"\xff", 1},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("case %zu\n", i);
        assert_int_equal(text_width(cases[i].text), cases[i].width);
    }
    assert_int_equal(text_cut("abc", 2), 2);
    assert_int_equal(text_cut("abc", 9), 3);
    assert_int_equal(text_cut("e\xcc\x88"
                              "a",
                              1),
                     3); /* what combines stays with its letter */
    assert_int_equal(text_cut("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
    assert_int_equal(text_cut("\xe6\x97\xa5", 1), 0);
}

static void a_copy_is_cut_to_its_room(void **state)
{
    (void)state;
    char room[4] = "xyz";
    text_copy(room, sizeof room, "ab");
    assert_string_equal(room, "ab");
    text_copy(room, sizeof room, "abcd");
    assert_string_equal(room, "abc");
    text_copy(room, 1, "abcd");
    assert_string_equal(room, "");
    assert_int_equal(room[1], 'b');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_cut_to_its_room),
        cmocka_unit_test(characters),
        cmocka_unit_test(bounds),
        cmocka_unit_test(controls),
        cmocka_unit_test(whole_characters),
        cmocka_unit_test(columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
