#include "core/gateway/pagecookie.h"

#include "support.h"

#include <string.h>

static void test_names(void **state)
{
    static const char *const rows[][2] = {{"host: 127.0.0.1:4080\n", "tcr-page-4080"},
                                          {"Host: localhost\n", "tcr-page"},
                                          {"host: [::1]:4080\n", "tcr-page-4080"},
                                          {"host: [::1]\n", "tcr-page"},
                                          {"host: a:4080;b\n", "tcr-page"},
                                          {"host: a:\n", "tcr-page"},
                                          {"host: a:123456\n", "tcr-page"},
                                          {"accept: */*\n", "tcr-page"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[PAGECOOKIE_NAME];
        pagecookie_name(rows[i][0], name);
        assert_string_equal(name, rows[i][1]);
    }
}

/* All values of the cookie, joined by '|'. */
static void expect(const char *head, const char *expected)
{
    const char *at = NULL, *value;
    struct buffer found = {0};
    size_t length;
    for (int i = 0; i < 10 && pagecookie_next(head, "a", &at, &value, &length); i++) {
        buffer_append(&found, value, length);
        buffer_append_char(&found, '|');
    }
    assert_string_equal(buffer_text(&found), expected);
    buffer_finish(&found);
}

static void test_values(void **state)
{
    (void)state;
    expect("", "");
    expect("cookie: a=1\n", "1|");
    expect("cookie: b=2; a=1; aa=3;a=4\n", "1|4|");
    expect("x: y\nCookie: a=1\ncookie: b=1; a=\ncookie: a=3; ; ;\n", "1||3|");
    expect("cookie: a\ncookie: ab=1\ncookie: =a\ncookie: ;\n", "");
    expect("cookie: b=a=1\n", "");
    expect("set-cookie: a=1\n", "");
}

static void test_origins(void **state)
{
    static const struct {
        const char *head;
        bool own;
    } rows[] = {
        {"host: 127.0.0.1:4080\norigin: http://127.0.0.1:4080\n", true},
        {"host: LocalHost:4080\norigin: HTTP://localhost:4080\n", true},
        {"host: 127.0.0.1:4080\n", false},
        {"origin: http://127.0.0.1:4080\n", false},
        {"host: 127.0.0.1:4080\norigin: null\n", false},
        {"host: 127.0.0.1:4080\norigin: http://localhost:4080\n", false},
        {"host: 127.0.0.1:4080\norigin: http://127.0.0.1:40801\n", false},
        {"host: 127.0.0.1:4080\norigin: https://127.0.0.1:4080\n", false},
        {"host: a\norigin: http://a\norigin: http://b\n", false},
        {"host: a\nhost: b\norigin: http://a\n", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (pagecookie_origin_is_own(rows[i].head) != rows[i].own)
            fail_msg("%s", rows[i].head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_origins)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
