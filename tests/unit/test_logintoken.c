#include "core/client/logintoken.h"

#include "support.h"

#include <string.h>

#define TOKEN "sk-ant-oat01-FAKE-login-0001-0123456789_ab"

static void feed(struct logintoken *logintoken, const char *text, size_t at_once,
                 struct buffer *shown)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i += at_once)
        logintoken_feed(logintoken, text + i, at_once < length - i ? at_once : length - i, shown);
}

/* Whatever the reads are, the same comes out. */
static void expect(const char *text, const char *shown_as, const char *token)
{
    char room[64];
    for (size_t at_once = 1; at_once < 60; at_once++) {
        struct logintoken logintoken = {.room = room, .size = sizeof room};
        struct buffer shown = {0};
        feed(&logintoken, text, at_once, &shown);
        assert_string_equal(buffer_text(&shown), shown_as);
        assert_int_equal(logintoken_is_there(&logintoken), token != NULL);
        if (token)
            assert_string_equal(room, token);
        buffer_finish(&shown);
    }
}

static void test_token(void **state)
{
    (void)state;
    expect("Your token:\r\n\033[2G\033[38;5;220m" TOKEN "\033[39m\r\nStore \033[8Gthis",
           "Your token:\r\n\033[2G\033[38;5;220m", TOKEN);
    expect("a " TOKEN " again " TOKEN " x", "a ", TOKEN);
    expect(TOKEN, "", NULL);
}

static void test_modes(void **state)
{
    (void)state;
    expect(TOKEN "\033[?25h\033[<u\033[>4m\033(B\017\0337\033[r\033[2J text \033[?1004l.",
           "\033[?25h\033[<u\033[>4m\033[?1004l", TOKEN);
}

static void test_no_token(void **state)
{
    (void)state;
    expect("sk-ant-oat01-… or sk-ant-api03-x, ssk-ant-oa.",
           "sk-ant-oat01-… or sk-ant-api03-x, "
           "ssk-ant-oa.",
           NULL);
}

static void test_longer_than_the_room(void **state)
{
    char room[40], shown[4096];
    struct logintoken logintoken = {.room = room, .size = sizeof room};
    struct buffer text = {0};
    (void)state;
    memset(shown, 'x', sizeof shown);
    logintoken_feed(&logintoken, "sk-ant-oat01-", 13, &text);
    logintoken_feed(&logintoken, shown, sizeof shown, &text);
    logintoken_feed(&logintoken, "\n", 1, &text);
    assert_int_equal(strlen(room), sizeof room - 1);
    assert_int_equal(text.length, 0);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_no_token),
        cmocka_unit_test(test_longer_than_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
