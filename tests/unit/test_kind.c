#include "core/pool/kind.h"

#include "support.h"

#include <string.h>

static const char *text_or_none(const char *text)
{
    return text ? text : "(none)";
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        enum kind_id id;
        const char *name, *variable, *descriptor;
        bool anthropic;
    } rows[] = {
        {KIND_OAUTH, "oauth", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
         true},
        {KIND_API, "api", "ANTHROPIC_API_KEY", "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR", true},
        {KIND_BEARER, "bearer", "ANTHROPIC_AUTH_TOKEN", NULL, true},
        {KIND_OPENAI, "openai", "OPENAI_API_KEY", NULL, false},
        {KIND_CURSOR, "cursor", "CURSOR_API_KEY", NULL, false},
        {KIND_ENV, "env", "", NULL, false},
        {KIND_CONFIG_DIR, "login", "CLAUDE_CONFIG_DIR", NULL, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kind kind = kind_make(rows[i].id);
        assert_int_equal(kind.id, rows[i].id);
        assert_string_equal(kind_name(&kind), rows[i].name);
        assert_string_equal(kind.variable, rows[i].variable);
        assert_string_equal(text_or_none(kind_descriptor_variable(&kind)),
                            text_or_none(rows[i].descriptor));
        assert_int_equal(kind_is_anthropic(&kind), rows[i].anthropic);
    }
}

static void test_bases(void **state)
{
    (void)state;
    static const struct {
        enum kind_id id;
        const char *variable, *address;
    } rows[] = {
        {KIND_OAUTH, "ANTHROPIC_BASE_URL", "https://api.anthropic.com"},
        {KIND_API, "ANTHROPIC_BASE_URL", "https://api.anthropic.com"},
        {KIND_BEARER, "ANTHROPIC_BASE_URL", "https://api.anthropic.com"},
        {KIND_CONFIG_DIR, "ANTHROPIC_BASE_URL", "https://api.anthropic.com"},
        {KIND_OPENAI, "OPENAI_BASE_URL", "https://api.openai.com/v1"},
        {KIND_CURSOR, "CURSOR_API_BASE_URL", "https://api.cursor.com"},
    };
    struct kind other;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kind kind = kind_make(rows[i].id);
        assert_string_equal(kind_base_variable(&kind), rows[i].variable);
        assert_string_equal(kind_base(&kind), rows[i].address);
        assert_true(kind_owns_variable(rows[i].variable));
        assert_true(kind_owns_variable(kind.variable));
    }
    assert_true(kind_from_variable("MY_TOKEN", &other));
    assert_null(kind_base_variable(&other));
    assert_null(kind_base(&other));
    assert_true(kind_owns_variable("CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"));
    assert_false(kind_owns_variable("ANTHROPIC_MODEL"));
    assert_false(kind_owns_variable(""));
}

/* -1: no kind. */
struct row {
    const char *text;
    int id;
};

static void check(const struct row *rows, size_t count, bool (*find)(const char *, struct kind *))
{
    for (size_t i = 0; i < count; i++) {
        struct kind kind = {.id = KIND_CURSOR, .variable = "untouched"};
        bool found = find(rows[i].text, &kind);
        if (found != (rows[i].id >= 0) || (found && (int)kind.id != rows[i].id))
            fail_msg("\"%s\": %d", rows[i].text, found ? (int)kind.id : -1);
        if (!found)
            assert_string_equal(kind.variable, "untouched");
    }
}

static void test_by_token(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {OAUTH_1, KIND_OAUTH},       {API_1, KIND_API}, {"sk-ant-oat99-FAKE", KIND_OAUTH},
        {"sk-ant-api", KIND_API},    {"", -1},          {"sk-ant-FAKE", -1},
        {"SK-ANT-OAT01-FAKE", -1},   {"sk-FAKE", -1},   {" sk-ant-oat01-FAKE", -1},
        {"sk-ant-admin01-FAKE", -1}, {"sk-ant-oa", -1},
    };
    check(rows, COUNT(rows), kind_from_token);
}

static void test_by_name(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"oauth", KIND_OAUTH}, {"api", KIND_API}, {"openai", KIND_OPENAI}, {"cursor", KIND_CURSOR},
        {"env", -1},           {"login", -1},     {"OAuth", -1},           {"", -1},
        {"oaut", -1},          {"oauth2", -1},
    };
    check(rows, COUNT(rows), kind_from_name);
}

static void test_by_variable(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"MY_TOKEN", KIND_ENV},
        {"_x9", KIND_ENV},
        {"a", KIND_ENV},
        {"", -1},
        {"9LIVES", -1},
        {"A=B", -1},
        {"A B", -1},
        {"A-B", -1},
        {"A.B", -1},
        {"\xc3\xa4", -1},
        {"A\n", -1},
        {"-A", -1},
        {"=A", -1},
    };
    check(rows, COUNT(rows), kind_from_variable);
}

static void test_longest_variable(void **state)
{
    (void)state;
    char name[KIND_VARIABLE + 1] = "";
    struct kind kind;
    memset(name, 'A', KIND_VARIABLE);
    assert_false(kind_from_variable(name, &kind));
    name[KIND_VARIABLE - 1] = '\0';
    assert_true(kind_from_variable(name, &kind));
    assert_string_equal(kind.variable, name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_bases),
        cmocka_unit_test(test_by_token),    cmocka_unit_test(test_by_name),
        cmocka_unit_test(test_by_variable), cmocka_unit_test(test_longest_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
