/* Which of two keys with one token stays, where the C library's qsort keeps no order among equals,
 * as it need not: the linker puts the function below in its place (--wrap). */
#include "core/pool/keyfile.h"

#include "support.h"

#include <string.h>

typedef int comparison(const void *left, const void *right);
void __wrap_qsort(void *base, size_t count, size_t size, comparison *compare);

/* What is equal comes out in the opposite order. */
void __wrap_qsort(void *base, size_t count, size_t size, comparison *compare)
{
    char *items = base, spare[64];
    assert_true(size <= sizeof spare);
    for (size_t i = 1; i < count; i++) {
        size_t place = i;
        memcpy(spare, items + i * size, size);
        for (; place > 0 && compare(items + (place - 1) * size, spare) >= 0; place--)
            memcpy(items + place * size, items + (place - 1) * size, size);
        memcpy(items + place * size, spare, size);
    }
}

static void test_the_earliest_stays(void **state)
{
    (void)state;
    static const char text[] =
        "{\"keys\":[{\"name\":\"a\",\"token\":\"" OAUTH_1 "\"},{\"name\":\"b\",\"token\":\"" OAUTH_1
        "\"},{\"name\":\"c\",\"token\":\"" OAUTH_2 "\"},{\"name\":\"d\",\"token\":\"" OAUTH_1
        "\"}]}";
    static const bool left_out[] = {false, true, false, true};
    struct keyring keyring;
    struct keyring_report report = {0};
    assert_int_equal(keyfile_parse(text, strlen(text), &keyring, &report), 0);
    assert_int_equal(keyring_drop_duplicates(&keyring, &report), 0);
    for (size_t i = 0; i < COUNT(left_out); i++)
        assert_int_equal(keyring.keys[i].left_out, left_out[i]);
    expect_part("b", buffer_text(&report.warnings), "\"b\" has the same token as \"a\"");
    expect_part("d", buffer_text(&report.warnings), "\"d\" has the same token as \"a\"");
    keyring_report_finish(&report);
    keyring_finish(&keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_earliest_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
