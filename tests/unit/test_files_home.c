/* The folder of macOS, as it would be built there. */
#include "config.h"

#undef TCR_HOME_FOLDER
#define TCR_HOME_FOLDER "Library/Application Support"
#include "../../src/system/files_paths.c"

#include "support.h"

static char home[] = "/tmp/tcr-home.XXXXXX";

static void expect(const char *name, const char *below)
{
    char *path = files_xdg("TCR_TEST_XDG", ".config", name), *expected;
    assert_true(asprintf(&expected, "%s/%s%s", home, below, name) > 0);
    assert_string_equal(path, expected);
    free(path);
    free(expected);
}

static void make(const char *below)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", home, below) > 0);
    assert_int_equal(mkdir(path, 0700), 0);
    free(path);
}

static void test_only_if_it_is_there(void **state)
{
    char *shared;
    (void)state;
    expect("keys.json", ".config/tcr/");
    make("Library");
    make("Library/Application Support");
    expect("keys.json", ".config/tcr/");
    make("Library/Application Support/tcr");
    expect("keys.json", "Library/Application Support/tcr/");
    shared = files_xdg_shared("TCR_TEST_XDG", ".config", "fish");
    assert_non_null(strstr(shared, "/.config/fish"));
    free(shared);
}

static void test_only_without_a_variable(void **state)
{
    char *elsewhere;
    (void)state;
    assert_true(asprintf(&elsewhere, "%s/xdg", home) > 0);
    assert_int_equal(setenv("TCR_TEST_XDG", elsewhere, 1), 0);
    expect("keys.json", "xdg/tcr/");
    assert_int_equal(setenv("TCR_TEST_XDG", "relative", 1), 0);
    expect("keys.json", "Library/Application Support/tcr/");
    free(elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_if_it_is_there),
        cmocka_unit_test(test_only_without_a_variable),
    };
    if (!mkdtemp(home) || setenv("HOME", home, 1) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *command;
    if (asprintf(&command, "rm -r %s", home) > 0 && system(command) == 0)
        free(command);
    return failed;
}
