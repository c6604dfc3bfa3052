#include "core/evidence/mask.h"

#include "support.h"

#include <stdio.h>
#include <string.h>

#define TOKENS_MOST 4

static void keep_bytes(void *context, const char *bytes, size_t length)
{
    assert_true(length > 0);
    buffer_append(context, bytes, length);
}

/* A stream and where its bytes go. */
struct scene {
    struct mask_set *set;
    struct mask mask;
    struct buffer passed;
};

static void scene_open(struct scene *scene, const char *const tokens[TOKENS_MOST])
{
    *scene = (struct scene){.set = mask_set_create(tokens, TOKENS_MOST)};
    assert_non_null(scene->set);
    assert_int_equal(mask_init(&scene->mask, scene->set, keep_bytes, &scene->passed), 0);
}

static void scene_close(struct scene *scene)
{
    mask_finish(&scene->mask);
    mask_set_destroy(scene->set);
    buffer_finish(&scene->passed);
}

/* In memory that changes: what is held must not be looked for there. */
static void feed(struct scene *scene, const char *bytes, size_t length)
{
    char copy[256];
    assert_true(length <= sizeof copy);
    memcpy(copy, bytes, length);
    mask_feed(&scene->mask, copy, length);
    memset(copy, '?', sizeof copy);
}

static void expect_passed(struct scene *scene, const char *expected, size_t first, size_t second)
{
    mask_end(&scene->mask);
    if (strcmp(buffer_text(&scene->passed), expected) != 0)
        fail_msg("cut at %zu and %zu: %s instead of %s", first, second, buffer_text(&scene->passed),
                 expected);
    buffer_clear(&scene->passed);
}

static const struct {
    const char *tokens[TOKENS_MOST];
    const char *text, *expected;
} rows[] = {
    {{OAUTH_1}, "", ""},
    {{NULL}, "no token at all", "no token at all"},
    {{""}, "an empty token", "an empty token"},
    {{OAUTH_1}, "ordinary text, sk-ant-", "ordinary text, sk-ant-"},
    {{OAUTH_1}, OAUTH_1, "***"},
    {{OAUTH_1}, "a " OAUTH_1 "\n", "a ***\n"},
    {{OAUTH_1}, OAUTH_1 OAUTH_1, "******"},
    {{OAUTH_1, OAUTH_2, API_1}, OAUTH_2 " " API_1 " " OAUTH_1, "*** *** ***"},
    {{OAUTH_1}, "x" OAUTH_2 "y", "x" OAUTH_2 "y"},
    {{OAUTH_1}, "sk-ant-sk-ant-oat01-FAKE-home-0001", "sk-ant-***"},
    {{OAUTH_1},
     "sk-ant-oat01-FAKE-home-000sk-ant-oat01-FAKE-home-0001.",
     "sk-ant-oat01-FAKE-home-000***."},
    {{OAUTH_1, OAUTH_1}, OAUTH_1, "***"},
    {{"env"}, "env=enven", "***=***en"},
    /* one is the beginning of the other */
    {{"abc", "abcdef"}, "abcdef abcde abc", "*** ***de ***"},
    {{"abcdef", "abc"}, "abcdabcabcdef", "***d******"},
    /* one is inside or at the end of the other */
    {{"bc", "abcd"}, "abcd abce", "*** a***e"},
    {{"cd", "abcd", "d"}, "abcd cd d", "*** *** ***"},
    {{"bc", "abcbcx"}, "abcbcx abcbcy", "*** a******y"},
    /* they overlap: one stretch */
    {{"abcx", "xdef"}, "<abcxdef>", "<***>"},
    {{"aba"}, "ababababa aba", "*** ***"},
    {{"aa"}, "aaaaa a", "*** a"},
    {{"abab", "bb"}, "ababb", "***"},
    {{"ab", "ba", "xabaq"}, "xabay", "x***y"},
    /* a cut that is a failure of one and the continuation of another */
    {{"sk-aaaa", "k-aab", "aab"}, "sk-aab", "s***"},
    {{"\xff\x80", "\x80\xfe"}, "\xff\x80\xfe|\xff|\x80", "***|\xff|\x80"},
    /* the end of the stream in the middle of a token: 15 bytes tell nothing */
    {{OAUTH_1}, "cut: sk-ant-oat01-FA", "cut: sk-ant-oat01-FA"},
    {{OAUTH_1}, "cut: sk-ant-oat01-FAK", "cut: ***"},
    {{OAUTH_1}, "cut: sk-ant-oat01-FAKE-home-000", "cut: ***"},
    {{"sk-ant-oat01-", "sk-ant-oat01-FAKE-home-0001"}, "sk-ant-oat01-FAKE", "***"},
    {{"0sk-ant", OAUTH_1}, "0sk-ant-oat01-FAKE", "***"},
};

static void test_rows_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = strlen(rows[i].text);
        struct scene scene;
        scene_open(&scene, rows[i].tokens);
        for (size_t first = 0; first <= length; first++)
            for (size_t second = first; second <= length; second++) {
                feed(&scene, rows[i].text, first);
                feed(&scene, rows[i].text + first, second - first);
                feed(&scene, rows[i].text + second, length - second);
                expect_passed(&scene, rows[i].expected, first, second);
            }
        scene_close(&scene);
    }
}

static void test_rows_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene scene;
        scene_open(&scene, rows[i].tokens);
        for (const char *byte = rows[i].text; *byte; byte++)
            feed(&scene, byte, 1);
        expect_passed(&scene, rows[i].expected, 1, 1);
        scene_close(&scene);
    }
}

/* What has gone on before the stream says more. */
static void test_holds_beginnings_alone(void **state)
{
    (void)state;
    static const struct {
        const char *tokens[TOKENS_MOST];
        const char *text, *passed;
    } cases[] = {
        {{OAUTH_1}, "continue? ", "continue? "},
        {{OAUTH_1}, "keys", "key"},
        {{OAUTH_1}, "keys sk-ant-oat02", "keys sk-ant-oat02"},
        {{OAUTH_1}, "is sk-ant-", "is "},
        {{OAUTH_1}, "is " OAUTH_1, "is ***"},
        {{OAUTH_1}, "is sk-ant-oat01-FAKE-home-000", "is "},
        {{"abc", "abcdef"}, "abcd", ""},
        {{"abc", "abcdef"}, "abcdx", "***dx"},
        {{"aba"}, "xaba", "x***"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene scene;
        scene_open(&scene, cases[i].tokens);
        feed(&scene, cases[i].text, strlen(cases[i].text));
        assert_string_equal(buffer_text(&scene.passed), cases[i].passed);
        scene_close(&scene);
    }
}

static void test_begins_anew_after_the_end(void **state)
{
    (void)state;
    static const char *const tokens[TOKENS_MOST] = {OAUTH_1};
    struct scene scene;
    scene_open(&scene, tokens);
    feed(&scene, "sk-ant-oat01", 12);
    mask_end(&scene.mask);
    mask_end(&scene.mask);
    feed(&scene, "-FAKE-home-0001", 15);
    expect_passed(&scene, OAUTH_1, 0, 0);
    scene_close(&scene);
}

/* NUL bytes are bytes. */
static void test_binary(void **state)
{
    (void)state;
    static const char *const tokens[TOKENS_MOST] = {OAUTH_1};
    static const char text[] = "\0s\0" OAUTH_1 "\0", expected[] = "\0s\0***\0";
    struct scene scene;
    scene_open(&scene, tokens);
    feed(&scene, text, sizeof text - 1);
    mask_end(&scene.mask);
    assert_int_equal(scene.passed.length, sizeof expected - 1);
    assert_memory_equal(buffer_text(&scene.passed), expected, sizeof expected - 1);
    scene_close(&scene);
}

/* As many keys as a large pool has, all of them alike for a while. */
static void test_many_tokens(void **state)
{
    (void)state;
    enum { MANY = 300 };
    static char texts[MANY][64];
    static const char *tokens[MANY];
    struct buffer passed = {0}, all = {0}, expected = {0};
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "sk-ant-oat01-FAKE-%d-%04d", i % 7, i);
        tokens[i] = texts[i];
        buffer_append_format(&all, "%d: %s\n", i, texts[i]);
        buffer_append_format(&expected, "%d: ***\n", i);
    }
    struct mask_set *set = mask_set_create(tokens, MANY);
    struct mask mask;
    assert_non_null(set);
    assert_int_equal(mask_init(&mask, set, keep_bytes, &passed), 0);
    mask_feed(&mask, buffer_text(&all), all.length);
    mask_end(&mask);
    assert_string_equal(buffer_text(&passed), buffer_text(&expected));
    mask_finish(&mask);
    mask_set_destroy(set);
    buffer_finish(&passed);
    buffer_finish(&all);
    buffer_finish(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_at_every_cut),
        cmocka_unit_test(test_rows_byte_by_byte),
        cmocka_unit_test(test_holds_beginnings_alone),
        cmocka_unit_test(test_begins_anew_after_the_end),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_many_tokens),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
