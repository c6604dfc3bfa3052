#include "support.h"

#include "base/path.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *path, *name, *folder;
} cases[] = {
    {"/a/b", "b", "/a"}, {"/b", "b", "/"},  {"b", "b", "."},
    {"a/b", "b", "a"},   {"/a/", "", "/a"}, {"../b", "b", ".."},
};

static void parts(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *folder = path_folder(cases[i].path);
        assert_string_equal(path_name(cases[i].path), cases[i].name);
        assert_string_equal(folder, cases[i].folder);
        free(folder);
    }
}

static void up(void **unused)
{
    char path[16];
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        strcpy(path, cases[i].path);
        assert_true(path_go_up(path));
        assert_string_equal(path, cases[i].folder);
    }
    static const char *const tops[] = {"/", ".", ""};
    for (size_t i = 0; i < COUNT(tops); i++) {
        strcpy(path, tops[i]);
        assert_false(path_go_up(path));
        assert_string_equal(path, tops[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts), cmocka_unit_test(up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
