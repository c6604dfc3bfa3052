/* The usage as text. Names of models and sessions are what clients sent. */
#include "core/show/usagetext.h"

#include "support.h"

#include <string.h>

static void test_names_in_csv(void **state)
{
    (void)state;
    static const struct {
        const char *name, *cell;
    } cases[] = {
        {"claude-opus-4-6", "\"claude-opus-4-6\","},
        {"a\"b", "\"a\"\"b\","},
        {"=1+1", "\"'=1+1\","},
        {"a\nb\tc", "\"a b c\","},
        {"a\033[2Jb\177", "\"a [2Jb \","},
        {"\302\233x\342\200\256", "\"  x   \","},
        {"\377", "\" \","},
        {"größe", "\"größe\","},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer text = {0};
        struct usage_sum sum = {.name = (char *)(uintptr_t)cases[i].name};
        const struct usage_report report = {.sums = &sum, .count = 1};
        usagetext_append_csv(&text, &report);
        const char *line = strchr(buffer_text(&text), '\n') + 1;
        assert_memory_equal(line, cases[i].cell, strlen(cases[i].cell));
        assert_int_equal(strspn(strchr(line, '\n'), "\n"), 1);
        buffer_finish(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_in_csv)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
