#include "support.h"

#include "core/client/ownlines.h"

#include <errno.h>
#include <string.h>

#define BEGIN "# >>> tcr-run setup wrote these lines; --undo removes them\n"
#define END   "# <<< tcr-run setup\n"

static void add(const char *text, const char *lines, const char *expected)
{
    struct buffer after = {0};
    assert_int_equal(ownlines_add(text, strlen(text), lines, &after), expected != NULL);
    assert_string_equal(buffer_text(&after), expected ? expected : "");
    buffer_finish(&after);
}

static void remove_from(const char *text, int r, const char *expected)
{
    struct buffer after = {0};
    assert_int_equal(ownlines_remove(text, strlen(text), &after), r);
    assert_string_equal(buffer_text(&after), expected);
    buffer_finish(&after);
}

static void lines_come_and_go(void **unused)
{
    (void)unused;
    add("", "a\n", BEGIN "a\n" END);
    add("x\n", "a\n", "x\n" BEGIN "a\n" END);
    add("x", "a\n", "x\n" BEGIN "a\n" END);
    add("x\n" BEGIN "a\n" END, "a\n", NULL);
    add("x\n" BEGIN "old\n" END "y\n", "a\n", "x\ny\n" BEGIN "a\n" END);
    remove_from("x\n" BEGIN "a\nb\n" END "y\n", 1, "x\ny\n");
    remove_from(BEGIN "a\n" END, 1, "");
    remove_from("x\n", 0, "");
    remove_from("x\n" BEGIN "a\n", -EINVAL, "");
    remove_from("echo '" BEGIN "'\n", 0, "");
    remove_from("x\n " END BEGIN "a\n" END, 1, "x\n " END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines_come_and_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
