#include "core/client/asked.h"

#include "core/pool/keyfile.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void parse(const char *list, struct asked *asked)
{
    struct buffer error = {0};
    if (asked_parse(list, asked, &error) != 0)
        fail_msg("%s: %s", list, buffer_text(&error));
    buffer_finish(&error);
}

static void test_lists(void **state)
{
    (void)state;
    struct asked asked;
    parse("openai,anthropic", &asked);
    assert_int_equal(asked.count, 2);
    assert_string_equal(asked.names[0], "openai");
    assert_string_equal(asked.names[1], "anthropic");
    parse("oauth,api,GEMINI_API_KEY,cursor,X_1", &asked);
    assert_int_equal(asked.count, 5);
    assert_string_equal(asked.names[2], "GEMINI_API_KEY");
    parse("env:GEMINI_API_KEY", &asked);
    assert_string_equal(asked.names[0], "GEMINI_API_KEY");
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *list, *expected;
    } rows[] = {
        {"", "unknown kind \"\""},
        {"openai,", "unknown kind \"\""},
        {",openai", "unknown kind \"\""},
        {"openai, cursor", "unknown kind \" cursor\""},
        {"OpenAI", "unknown kind \"OpenAI\""},
        {"gemini", "write anthropic, oauth, api, bearer, openai, cursor or the variable"},
        {"env", "unknown kind \"env\""},
        {"env:openai", "unknown kind \"env:openai\""},
        {"env:", "unknown kind \"env:\""},
        {"GEMINI_API_KEY,env:GEMINI_API_KEY", "ask for the same keys"},
        {"1X", "unknown kind \"1X\""},
        {"X-Y", "unknown kind \"X-Y\""},
        {"api,openai,api", "\"api\" and \"api\" ask for the same keys"},
        {"anthropic,oauth", "\"anthropic\" and \"oauth\" ask for the same keys"},
        {"api,anthropic", "\"api\" and \"anthropic\" ask for the same keys"},
        {"A,B,C,D,E,F,G,H,I", "more than 8 kinds"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "unknown kind"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct asked asked = {.count = 77};
        struct buffer error = {0};
        assert_int_equal(asked_parse(rows[i].list, &asked, &error), -EINVAL);
        expect_part(rows[i].list, buffer_text(&error), rows[i].expected);
        assert_int_equal(asked.count, 77);
        buffer_finish(&error);
    }
}

static void test_covers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *covered; /* oauth, api, bearer, openai, cursor, env (OWN_KEY), login */
    } rows[] = {{"anthropic", "1110001"}, {"oauth", "1000001"},  {"api", "0100000"},
                {"bearer", "0010000"},    {"openai", "0001000"}, {"cursor", "0000100"},
                {"OWN_KEY", "0000010"},   {"OTHER", "0000000"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int id = KIND_OAUTH; id <= KIND_CONFIG_DIR; id++) {
            struct kind kind = kind_make((enum kind_id)id);
            if (id == KIND_ENV)
                assert_true(kind_from_variable("OWN_KEY", &kind));
            if (asked_covers(rows[i].name, &kind) != (rows[i].covered[id] == '1'))
                fail_msg("%s: %d", rows[i].name, id);
        }
    }
}

#define OPENAI "{\"token\":\"sk-FAKE\",\"kind\":\"openai\"}"
#define CURSOR "{\"token\":\"key_FAKE\",\"kind\":\"cursor\"}"
#define OWN    "{\"token\":\"FAKE\",\"kind\":{\"env\":\"OWN_KEY\"}}"
#define HOME   "{\"token\":\"" OAUTH_1 "\"}"
#define LATER  "{\"token_command\":[\"pass\"]}"

static void test_default(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *master;
        bool claude;
        const char *expected; /* NULL: refused */
    } rows[] = {
        {HOME, NULL, false, "anthropic"},
        {OPENAI "," HOME "," OWN, NULL, false, "anthropic"},
        {OPENAI "," LATER, NULL, false, "anthropic"},
        {OPENAI, NULL, false, "openai"},
        {OPENAI, NULL, true, "anthropic"},
        {OWN, NULL, false, "OWN_KEY"},
        {OPENAI "," CURSOR, NULL, false, NULL},
        {OPENAI "," CURSOR, NULL, true, "anthropic"},
        {OPENAI, HOME, false, "anthropic"},
        {OPENAI, CURSOR, false, NULL},
        {"", OPENAI, false, "openai"},
        {"", HOME, false, "anthropic"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        struct keyring_report report = {0};
        struct asked asked;
        struct buffer text = {0}, error = {0};
        buffer_append_format(&text, "{\"keys\":[%s]", rows[i].keys);
        if (rows[i].master)
            buffer_append_format(&text, ",\"master\":%s", rows[i].master);
        buffer_append_char(&text, '}');
        assert_int_equal(keyfile_parse(buffer_text(&text), text.length, &ring, &report), 0);
        int r = asked_default(&ring, rows[i].claude, &asked, &error);
        assert_int_equal(r, rows[i].expected ? 0 : -EINVAL);
        if (rows[i].expected) {
            assert_int_equal(asked.count, 1);
            assert_string_equal(asked.names[0], rows[i].expected);
        } else {
            expect_part(rows[i].keys, buffer_text(&error), "(openai, cursor); say with --kind");
        }
        keyring_finish(&ring);
        keyring_report_finish(&report);
        buffer_finish(&text);
        buffer_finish(&error);
    }
}

static void test_suspect(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        enum provider provider;
        const char *line;
        int tried[3];
        size_t suspect;
    } rows[] = {
        {"openai,anthropic", PROVIDER_ANTHROPIC, "", {1, 5}, 1},
        {"openai,anthropic", PROVIDER_OPENAI, "claude", {5, 1}, 0},
        {"openai,oauth", PROVIDER_ANTHROPIC, "", {1, 1}, 1},
        /* a marker's line: a name in it, if it is only one */
        {"openai,anthropic", PROVIDER_UNKNOWN, "Claude says no", {1, 1}, 1},
        {"openai,cursor", PROVIDER_UNKNOWN, "CURSOR_API_KEY is used up", {1, 1}, 1},
        {"anthropic,OWN_KEY", PROVIDER_UNKNOWN, "OWN_KEY is used up", {1, 9}, 1},
        {"anthropic,openai", PROVIDER_UNKNOWN, "openai or claude", {1, 1}, 0},
        /* nothing to go by: the one that was least suspected so far, the first of equals */
        {"anthropic,openai,cursor", PROVIDER_UNKNOWN, "exit status 9", {1, 1, 1}, 0},
        {"anthropic,openai,cursor", PROVIDER_UNKNOWN, "exit status 9", {2, 1, 1}, 1},
        {"anthropic,openai,cursor", PROVIDER_UNKNOWN, "exit status 9", {2, 2, 1}, 2},
        /* a message of a provider that was not asked for */
        {"openai,cursor", PROVIDER_ANTHROPIC, "", {2, 1}, 1},
        /* several of its provider */
        {"openai,oauth,api", PROVIDER_ANTHROPIC, "", {1, 2, 1}, 2},
        {"oauth,api", PROVIDER_ANTHROPIC, "", {1, 1}, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct asked asked;
        struct finding finding = {.class = CLASS_LIMIT, .provider = rows[i].provider};
        snprintf(finding.line, sizeof finding.line, "%s", rows[i].line);
        parse(rows[i].list, &asked);
        if (asked_suspect(&asked, &finding, rows[i].tried) != rows[i].suspect)
            fail_msg("row %zu (%s)", i, rows[i].list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),   cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_covers),  cmocka_unit_test(test_default),
        cmocka_unit_test(test_suspect),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
