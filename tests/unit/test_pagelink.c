#include "gateway/page_link.h"

#include "support.h"
#include "system/random.h"

#include <string.h>

/* Others each time, and known. */
void random_fill(void *bytes, size_t length)
{
    static unsigned char next;
    memset(bytes, ++next, length);
}

static bool admits(const struct page_link *link, const char *cookie, int64_t now)
{
    return page_link_admits(link, cookie, strlen(cookie), now);
}

static void test_code_is_good_once(void **state)
{
    (void)state;
    struct page_link link = {0};
    char code[PAGE_LINK_CODE], cookie[PAGE_LINK_CODE] = "none";
    assert_false(page_link_enter(&link, "", 1, cookie));
    assert_false(admits(&link, "", 1));
    page_link_make(&link, 1000, code);
    assert_int_equal(strlen(code), PAGE_LINK_CODE - 1);
    assert_false(admits(&link, code, 1000));
    assert_false(page_link_enter(&link, "x", 1000, cookie));
    assert_true(page_link_enter(&link, code, 60999, cookie));
    assert_true(strcmp(cookie, code) != 0);
    assert_true(admits(&link, cookie, 60999));
    assert_false(page_link_admits(&link, cookie, PAGE_LINK_CODE - 2, 60999));
    assert_false(page_link_enter(&link, code, 61000, cookie));
    /* Only hashes are kept. */
    assert_null(memmem(&link, sizeof link, cookie, PAGE_LINK_CODE - 1));
}

static void test_ends(void **state)
{
    (void)state;
    struct page_link link = {0};
    char code[PAGE_LINK_CODE], cookie[PAGE_LINK_CODE];
    page_link_make(&link, 1000, code);
    assert_false(page_link_enter(&link, code, 61000, cookie));
    page_link_make(&link, 1000, code);
    assert_true(page_link_enter(&link, code, 1000, cookie));
    assert_true(admits(&link, cookie, 1000 + PAGE_LINK_SECONDS * 1000 - 1));
    assert_false(admits(&link, cookie, 1000 + PAGE_LINK_SECONDS * 1000));
}

static void test_oldest_gives_way(void **state)
{
    (void)state;
    struct page_link link = {0};
    char code[PAGE_LINK_CODE], cookies[PAGE_LINK_COOKIES + 1][PAGE_LINK_CODE];
    for (int i = 0; i <= PAGE_LINK_COOKIES; i++) {
        page_link_make(&link, i, code);
        assert_true(page_link_enter(&link, code, i, cookies[i]));
    }
    assert_false(admits(&link, cookies[0], 20));
    for (int i = 1; i <= PAGE_LINK_COOKIES; i++)
        assert_true(admits(&link, cookies[i], 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_code_is_good_once),
                                       cmocka_unit_test(test_ends),
                                       cmocka_unit_test(test_oldest_gives_way)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
