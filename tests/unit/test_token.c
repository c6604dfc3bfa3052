#include "core/pool/token.h"

#include "support.h"

#include <errno.h>
#include <string.h>

/* Bytes in memory of their own size, so that the sanitizer sees a byte read too many. */
static int check(const char *text, const struct kind *kind, struct buffer *error)
{
    size_t length = strlen(text);
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, text, length);
    int r = token_check(copy + 1, length, kind, error);
    test_free(copy);
    return r;
}

static void test_taken(void **state)
{
    (void)state;
    static const char *const tokens[] = {OAUTH_1,
                                         API_1,
                                         OAUTH_1 "==",
                                         "sk-FAKE-openai",
                                         "sk-proj-FAKE_x-y.z~",
                                         "1|FAKE-of-a-portal",
                                         "a;b",
                                         "FAKE\"inside",
                                         "eyJhbGciOi.FAKE.c2ln",
                                         "key_FAKE/+="};
    struct kind openai = kind_make(KIND_OPENAI);
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct buffer error = {0};
        if (check(tokens[i], NULL, &error) < 0 || check(tokens[i], &openai, &error) < 0)
            fail_msg("%s: %s", tokens[i], buffer_text(&error));
        assert_int_equal(error.length, 0);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *token, *part;
    } rows[] = {
        {"", "is empty"},
        {OAUTH_1 ";" OAUTH_2, "commas go between"},
        {OAUTH_1 "|" OAUTH_2, "commas go between"},
        {OAUTH_1 ";", "commas go between"},
        {"sk-FAKE;sk-FAKE", "commas go between"},
        {OAUTH_1 "\"", "quotation mark"},
        {"'" OAUTH_1 "'", "quotation mark"},
        {"`FAKE", "quotation mark"},
        {"sk-ant-oat01-...", "is shortened"},
        {"sk-ant-oat01-FAKE...x9Qa", "is shortened"},
        {"FAKE...", "is shortened"},
        {OAUTH_1 "\xe2\x80\xa6", "U+2026, an ellipsis"},
        {OAUTH_1 "\xe2\x80\x9d", "U+201D, a quotation mark"},
        {"\xc2\xab"
         "FAKE",
         "U+00AB, a quotation mark"},
        {OAUTH_1 "\xe2\x80\x8b", "U+200B, which cannot be seen"},
        {"FAKE\xef\xbb\xbfx", "U+FEFF, which cannot be seen"},
        {"FAKE\xc2\xa0x", "U+00A0, which cannot be seen"},
        {"FAKE\xc2\x9bx", "U+009B, which cannot be seen"},
        {"FAKE\xe2\x80\xaex", "U+202E, which cannot be seen"},
        {"FAKE\xc3\xa4", "U+00E4"},
        {"FAKE\xff", "not UTF-8"},
        {"FAKE\xe2\x80", "not UTF-8"},
        {OAUTH_1 ",", "has a , inside"},
        {OAUTH_1 "}", "has a } inside"},
        {"FAKE one", "white space or control"},
        {"FAKE\x1b[0m", "white space or control"},
        {"FAKE\x7f", "white space or control"},
        {"sk-ant-oat01-FAKE\nhalf", "broken by a line end"},
        {"FAKE\rhalf", "broken by a line end"},
        {"sk-ant-ort01-FAKE", "refresh token"},
        {"export CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1, "behind the ="},
        {"CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1, "behind the ="},
        {"TOKEN=\"" OAUTH_1, "behind the ="},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer error = {0};
        if (check(rows[i].token, NULL, &error) != -EINVAL)
            fail_msg("%s was taken", rows[i].token);
        expect_part(rows[i].token, buffer_text(&error), rows[i].part);
        expect_no_secret(rows[i].token, buffer_text(&error));
        buffer_finish(&error);
    }
}

/* Another program's secret is any text that can be seen. */
static void test_other_programs(void **state)
{
    (void)state;
    struct kind other;
    struct buffer error = {0};
    assert_true(kind_from_variable("MY_PASSWORD", &other));
    assert_int_equal(check("\"p\xc3\xa4ss...w\xc3\xb6rt;\"", &other, &error), 0);
    assert_int_equal(check("p\xe2\x80\x8b", &other, &error), -EINVAL);
    assert_int_equal(check("a b", &other, &error), -EINVAL);
    assert_int_equal(check(OAUTH_1 "\"", &other, &error), -EINVAL);
    buffer_finish(&error);
}

static void test_length(void **state)
{
    (void)state;
    static char text[16386];
    struct buffer error = {0};
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(check(text, NULL, &error), -EINVAL);
    expect_part("longest", buffer_text(&error), "longer than any token");
    text[16384] = '\0';
    assert_int_equal(check(text, NULL, &error), 0);
    buffer_finish(&error);
}

static void test_trim(void **state)
{
    (void)state;
    size_t length = 8;
    const char *text = token_trim("\t x y\r\n ", &length);
    assert_int_equal(length, 3);
    assert_memory_equal(text, "x y", 3);
    length = 6;
    text = token_trim("\xef\xbb\xbf x\n", &length);
    assert_int_equal(length, 1);
    assert_int_equal(*text, 'x');
    length = 2;
    (void)token_trim(" \n", &length);
    assert_int_equal(length, 0);
}

static void test_torn(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        bool torn;
    } rows[] = {
        {"half2\n", true},
        {"half2", true},
        {"\n  half2\r\n", true},
        {"FAKE-x_9\nlogin: me", true},
        {"", false},
        {"\n \n", false},
        {"login: me\n", false},
        {"a note\n", false},
        {"user@host\n", false},
        {"---\n", true},
        {OAUTH_2 "\n", false},
        {"url=x\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (token_is_torn(rows[i].rest, strlen(rows[i].rest)) != rows[i].torn)
            fail_msg("\"%s\"", rows[i].rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_other_programs), cmocka_unit_test(test_length),
        cmocka_unit_test(test_trim),           cmocka_unit_test(test_torn),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
