/* What of the program is in memory, before and after it is given back. */
#include "gateway/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 256

static const volatile char data[PAGES][4096] = {{1}, {2}, [PAGES - 1] = {3}};

static int touch(void)
{
    int sum = 0;
    for (size_t i = 0; i < PAGES; i++)
        sum += data[i][0];
    return sum;
}

/* In KiB; -1 where the kernel does not tell. */
static long of_files(void)
{
    char line[128];
    long size = -1;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssFile: %ld", &size) == 1)
            break;
    if (file)
        (void)fclose(file);
    return size;
}

static void pages_of_files_go_and_come_back(void **state)
{
    (void)state;
    assert_int_equal(touch(), 6);
    long before = of_files();
    if (before < 0)
        skip();
    memory_give_back();
    assert_true(of_files() < before - PAGES * 4 / 2);
    assert_int_equal(touch(), 6);
}

/* Not those that the program has changed. */
static char changed[] = "as it was";

static void changed_pages_stay(void **state)
{
    (void)state;
    (void)strcpy(changed, "changed");
    memory_give_back();
    assert_string_equal(changed, "changed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_files_go_and_come_back),
        cmocka_unit_test(changed_pages_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
