#include "core/pool/keylist.h"

#include "support.h"

#include <string.h>

/* "name=token|..." with '+' before an item that follows a line end. */
static void test_items(void **state)
{
    (void)state;
    static const struct {
        const char *text, *items;
    } rows[] = {
        {"", ""},
        {" ,\n\r\t,", ""},
        {"a", "a|"},
        {"a,b\nc", "a|b|+c|"},
        {"\na", "a|"},
        {"a\r\nb", "a|+b|"},
        {"a\n,b", "a|+b|"},
        {"one=a, two = b ", "one=a|two=b|"},
        {"\"a,b\"", "a|b|"},
        {"'a'", "a|"},
        {" \"a\" , 'b' ", "a|b|"},
        {"one=\"a\",two='b'", "one=a|two=b|"},
        {"\"one=a\"", "one=a|"},
        {"\"a", "\"a|"},
        {"\"a'", "\"a'|"},
        {"[\"a\", \"b\"]", "a|b|"},
        {"[\n  \"a\",\n  \"b\"\n]\n", "a|+b|"},
        {"[]", ""},
        {"[a", "[a|"},
        {"# home, work\na\n  # more\nb", "a|+b|"},
        {"a # home\nb", "a|+b|"},
        {"a#b", "a#b|"},
        {"#", ""},
        {"sk-x=y", "sk-x=y|"},
        {"abc==", "abc==|"},
        {"old-sk-ant-x=y", "old-sk-ant-x=y|"},
        {"home=", "home=|"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer seen = {0};
        struct keylist list;
        struct keylist_item item;
        keylist_begin(&list, rows[i].text);
        while (keylist_next(&list, &item)) {
            buffer_append_text(&seen, list.after_line_end ? "+" : "");
            if (item.name)
                buffer_append_format(&seen, "%.*s=", (int)item.name_length, item.name);
            buffer_append_format(&seen, "%.*s|", (int)item.length, item.token);
        }
        if (strcmp(buffer_text(&seen), rows[i].items) != 0)
            fail_msg("%s: %s", rows[i].text, buffer_text(&seen));
        buffer_finish(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_items)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
