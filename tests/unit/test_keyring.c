#include "core/pool/keyring.h"

#include "core/pool/keyfile.h"
#include "support.h"

#include <errno.h>
#include <string.h>

static void parse(const char *text, struct keyring *keyring)
{
    struct keyring_report report = {0};
    if (keyfile_parse(text, strlen(text), keyring, &report) != 0)
        fail_msg("%s: %s", text, buffer_text(&report.errors));
    keyring_report_finish(&report);
}

/* Two ways for the bytes of a file or command: the token they hold, or the reason why they hold
 * none. */
static void test_takes_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *token;
        enum kind_id kind;
    } rows[] = {
        {OAUTH_1, OAUTH_1, KIND_OAUTH},        {OAUTH_1 "\n", OAUTH_1, KIND_OAUTH},
        {OAUTH_1 "\r\n", OAUTH_1, KIND_OAUTH}, {API_1 " \t\n\n", API_1, KIND_API},
        {API_1 "+/=", API_1 "+/=", KIND_API},  {"\t " OAUTH_1, OAUTH_1, KIND_OAUTH},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct key key = {.name = "home"};
        struct buffer error = {0};
        assert_int_equal(keyring_init(&keyring), 0);
        assert_int_equal(
            keyring_set_token(&keyring, &key, rows[i].bytes, strlen(rows[i].bytes), &error), 0);
        assert_string_equal(key.token, rows[i].token);
        assert_true(key.kind_known);
        assert_int_equal(key.kind.id, rows[i].kind);
        assert_string_equal(buffer_text(&error), "");
        keyring_finish(&keyring);
    }
}

static void test_refuses_what_is_no_token(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *fault;
    } rows[] = {
        {"", 0, "is empty"},
        {"\n", 1, "is empty"},
        {" \t\r\n", 4, "is empty"},
        {"sk-ant-oat01-FAKE one", 21, "white space or control"},
        {OAUTH_1 "\n" OAUTH_2, sizeof OAUTH_1 "\n" OAUTH_2 - 1, "broken by a line end"},
        {"sk-ant-oat01-FAKE\0x", 19, "white space or control"},
        {"sk-ant-oat01-FAKE\0", 18, "white space or control"},
        {"sk-ant-oat01-FAKE\x1b[m", 20, "white space or control"},
        {"sk-ant-oat01-FAKE\x7f", 18, "white space or control"},
        {"FAKE-of-no-kind", 15, "unknown kind of token"},
        {"password: FAKE", 14, "white space or control"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct key key = {.name = "home"};
        struct buffer error = {0};
        assert_int_equal(keyring_init(&keyring), 0);
        assert_int_equal(keyring_set_token(&keyring, &key, rows[i].bytes, rows[i].length, &error),
                         -EINVAL);
        expect_part(rows[i].fault, buffer_text(&error), rows[i].fault);
        expect_no_secret(rows[i].fault, buffer_text(&error));
        assert_int_equal(count_lines(buffer_text(&error)), 0);
        assert_null(key.token);
        assert_false(key.kind_known);
        keyring_finish(&keyring);
        buffer_finish(&error);
    }
}

static void test_longest_token(void **state)
{
    (void)state;
    static char bytes[16385] = "sk-ant-oat01-FAKE";
    struct keyring keyring;
    struct key key = {.name = "home"};
    struct buffer error = {0};
    size_t begun = strlen(bytes);
    memset(bytes + begun, 'x', sizeof bytes - begun);
    assert_int_equal(keyring_init(&keyring), 0);
    assert_int_equal(keyring_set_token(&keyring, &key, bytes, 16385, &error), -EINVAL);
    expect_part("16385", buffer_text(&error), "longer than");
    assert_int_equal(keyring_set_token(&keyring, &key, bytes, 16384, &error), 0);
    assert_int_equal(strlen(key.token), 16384);
    keyring_finish(&keyring);
    buffer_finish(&error);
}

/* "kind" in the file says more than a prefix. */
static void test_kind_that_was_told_stays(void **state)
{
    (void)state;
    struct keyring keyring;
    struct key key = {.name = "gpt", .kind = kind_make(KIND_OPENAI), .kind_known = true};
    struct buffer error = {0};
    assert_int_equal(keyring_init(&keyring), 0);
    assert_int_equal(keyring_set_token(&keyring, &key, "sk-proj-FAKE", 12, &error), 0);
    assert_int_equal(key.kind.id, KIND_OPENAI);
    assert_int_equal(keyring_set_token(&keyring, &key, OAUTH_1, strlen(OAUTH_1), &error), 0);
    assert_int_equal(key.kind.id, KIND_OPENAI);
    assert_string_equal(key.token, OAUTH_1);
    keyring_finish(&keyring);
}

static void test_finds_by_exact_name(void **state)
{
    (void)state;
    struct keyring keyring;
    parse("{\"keys\":[{\"name\":\"home\",\"token\":\"" OAUTH_1 "\"},{\"token\":\"" OAUTH_2 "\"}],"
          "\"master\":{\"name\":\"billing\",\"token\":\"" API_1 "\"}}",
          &keyring);
    assert_ptr_equal(keyring_find(&keyring, "home"), &keyring.keys[0]);
    assert_ptr_equal(keyring_find(&keyring, "key2"), &keyring.keys[1]);
    assert_ptr_equal(keyring_find(&keyring, "billing"), &keyring.master);
    assert_null(keyring_find(&keyring, "Home"));
    assert_null(keyring_find(&keyring, "hom"));
    assert_null(keyring_find(&keyring, ""));
    keyring_finish(&keyring);
}

#define KEY(name, token) "{\"name\":\"" name "\",\"token\":\"" token "\"}"

static void test_later_duplicates_are_left_out(void **state)
{
    (void)state;
    static const bool left_out[] = {false, false, true, false, true, true};
    struct keyring keyring;
    struct keyring_report report = {0};
    parse("{\"keys\":[" KEY("a", OAUTH_2) "," KEY("b", OAUTH_1) "," KEY("c", OAUTH_2) "," KEY(
              "d", OAUTH_3) "," KEY("e", OAUTH_1) "," KEY("f", OAUTH_2) "]}",
          &keyring);
    assert_int_equal(keyring_drop_duplicates(&keyring, &report), 0);
    for (size_t i = 0; i < COUNT(left_out); i++)
        assert_int_equal(keyring.keys[i].left_out, left_out[i]);
    const char *warnings = buffer_text(&report.warnings);
    assert_string_equal(buffer_text(&report.errors), "");
    assert_int_equal(count_lines(warnings), 3);
    expect_part("c", warnings, "keys[2]: \"c\" has the same token as \"a\" (keys[0])");
    expect_part("e", warnings, "keys[4]: \"e\" has the same token as \"b\" (keys[1])");
    expect_part("f", warnings, "keys[5]: \"f\" has the same token as \"a\" (keys[0])");
    expect_no_secret("duplicates", warnings);
    keyring_report_finish(&report);
    keyring_finish(&keyring);
}

/* A key that a profile left out does not push the one that is in out too; keys whose token is not
 * known yet are alike in nothing. */
static void test_what_is_no_duplicate(void **state)
{
    (void)state;
    struct keyring keyring;
    struct keyring_report report = {0};
    parse("{\"keys\":[" KEY("a", OAUTH_1) "," KEY(
              "b", OAUTH_1) ","
                            "{\"name\":\"c\",\"token_command\":[\"x\"]},{\"name\":\"d\",\"token_"
                            "command\":[\"x\"]},"
                            "{\"name\":\"e\",\"token_file\":\"x\"},{\"name\":\"f\",\"token_file\":"
                            "\"x\"}]}",
          &keyring);
    keyring.keys[0].left_out = true;
    assert_int_equal(keyring_drop_duplicates(&keyring, &report), 0);
    for (size_t i = 1; i < keyring.count; i++)
        assert_false(keyring.keys[i].left_out);
    assert_string_equal(buffer_text(&report.warnings), "");
    keyring_report_finish(&report);
    keyring_finish(&keyring);
}

/* One token at two addresses is two keys; the provider's own address is that of none. */
static void test_duplicates_have_one_address(void **state)
{
    (void)state;
    struct keyring keyring;
    struct keyring_report report = {0};
#define AT(name, url) "{\"name\":\"" name "\",\"token\":\"" OAUTH_1 "\",\"base_url\":\"" url "\"}"
    parse("{\"keys\":[" AT("a", "https://a.example") "," AT("b", "https://b.example/") "," AT(
              "c", "https://A.example/") "," KEY("d",
                                                 OAUTH_1) "," AT("e",
                                                                 "https://api.anthropic.com") "]"
                                                                                              "}",
          &keyring);
    assert_int_equal(keyring_drop_duplicates(&keyring, &report), 0);
    assert_false(keyring.keys[0].left_out || keyring.keys[1].left_out || keyring.keys[3].left_out);
    assert_true(keyring.keys[2].left_out && keyring.keys[4].left_out);
    assert_true(keyring.keys[4].at_provider);
    assert_null(keyring.keys[4].base_url);
    keyring_report_finish(&report);
    keyring_finish(&keyring);
}

static void test_duplicates_of_an_empty_ring(void **state)
{
    (void)state;
    struct keyring keyring;
    struct keyring_report report = {0};
    assert_int_equal(keyring_init(&keyring), 0);
    assert_int_equal(keyring_drop_duplicates(&keyring, &report), 0);
    keyring_finish(&keyring);
}

#define POOL                                                                                       \
    "{\"keys\":[" KEY("a", OAUTH_1) "," KEY("b", OAUTH_2) "," KEY(                                 \
        "c", OAUTH_3) "],"                                                                         \
                      "\"master\":" KEY("m", API_1) ",\"profiles\":{"                              \
                                                    "\"two\":{\"keys\":[\"c\",\"a\"]},\"cheap\":{" \
                                                    "\"keys\":[\"b\"],\"master\":false},"          \
                                                    "\"all\":{},\"none\":{\"keys\":[]},\"paid\":{" \
                                                    "\"keys\":[\"a\"],\"master\":true}}}"

static void test_profiles(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        bool left_out[3], master;
    } rows[] = {
        {"two", {false, true, false}, true},  {"cheap", {true, false, true}, false},
        {"all", {false, false, false}, true}, {"none", {true, true, true}, true},
        {"paid", {false, true, true}, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct buffer error = {0};
        parse(POOL, &keyring);
        assert_int_equal(keyring_apply_profile(&keyring, rows[i].profile, &error), 0);
        for (size_t k = 0; k < keyring.count; k++)
            if (keyring.keys[k].left_out != rows[i].left_out[k])
                fail_msg("%s: %s", rows[i].profile, keyring.keys[k].name);
        assert_int_equal(keyring.has_master, rows[i].master);
        assert_string_equal(keyring.keys[0].name, "a");
        keyring_finish(&keyring);
    }
}

#define NO_PROFILE                                                                                 \
    "there is no profile \"Two\", nor any other; \"profiles\" in tcr-keys(5) tells how to write "  \
    "one"

static void test_unknown_profiles(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {POOL, "there is no profile \"Two\"; did you mean \"two\"?"},
        {"{\"keys\":[" KEY("a", OAUTH_1) "]}", NO_PROFILE},
        {"{\"keys\":[" KEY("a", OAUTH_1) "],\"profiles\":{}}", NO_PROFILE},
        {"{\"keys\":[" KEY("a", OAUTH_1) "],\"profiles\":{\"day\":{},\"night\":{}}}",
         "there is no profile \"Two\"; there are: day, night"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct buffer error = {0};
        parse(rows[i].text, &keyring);
        assert_int_equal(keyring_apply_profile(&keyring, "Two", &error), -EINVAL);
        assert_string_equal(buffer_text(&error), rows[i].expected);
        assert_false(keyring.keys[0].left_out);
        keyring_finish(&keyring);
        buffer_finish(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_tokens),
        cmocka_unit_test(test_refuses_what_is_no_token),
        cmocka_unit_test(test_longest_token),
        cmocka_unit_test(test_kind_that_was_told_stays),
        cmocka_unit_test(test_finds_by_exact_name),
        cmocka_unit_test(test_later_duplicates_are_left_out),
        cmocka_unit_test(test_what_is_no_duplicate),
        cmocka_unit_test(test_duplicates_have_one_address),
        cmocka_unit_test(test_duplicates_of_an_empty_ring),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_unknown_profiles),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
