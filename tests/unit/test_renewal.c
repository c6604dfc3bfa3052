#include "core/pool/renewal.h"

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1795209600)

static void test_when(void **state)
{
    (void)state;
    assert_false(renewal_is_due(0, 600, NOW));
    assert_false(renewal_is_due(NOW + 601, 600, NOW));
    assert_true(renewal_is_due(NOW + 600, 600, NOW));
    assert_true(renewal_is_due(NOW - 1, 600, NOW));
    assert_true(renewal_may_ask(0, NOW));
    assert_true(renewal_may_ask(NOW, NOW));
    assert_false(renewal_may_ask(NOW + 1, NOW));
    assert_false(renewal_may_ask(NOW + RENEWAL_WAIT_LONGEST, NOW));
    assert_true(renewal_may_ask(NOW + RENEWAL_WAIT_LONGEST + 1, NOW)); /* the clock was wrong */
}

static void test_where(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *file, *url;
    } rows[] = {
        {NULL, NULL, RENEWAL_TOKEN_URL},
        {"", NULL, RENEWAL_TOKEN_URL},
        {NULL, "https://a.example/token", "https://a.example/token"},
        {"http://127.0.0.1:4/x", "https://a.example/token", "http://127.0.0.1:4/x"},
        {"http://a.example/x", NULL, NULL},
        {"ftp://127.0.0.1/x", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring = {.oauth_token_url = rows[i].file};
        struct buffer error = {0};
        char url[512] = "";
        int r = renewal_address(&keyring, rows[i].variable, url, sizeof url, &error);
        assert_int_equal(r, rows[i].url ? 0 : -EINVAL);
        assert_string_equal(url, rows[i].url ? rows[i].url : "");
        assert_int_equal(error.length > 0, !rows[i].url);
        buffer_finish(&error);
    }
}

static void test_meanings(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *headers, *body;
        enum renewal_meaning meaning;
        int64_t wait;
    } rows[] = {
        {400, "", "{\"error\":\"invalid_grant\"}", RENEWAL_ENDED, 0},
        {401, "", "{\"error\":\"invalid_grant\"}", RENEWAL_ENDED, 0},
        {404, "", "{\"error\":{\"type\":\"not_found_error\"}}", RENEWAL_ENDED, 0},
        {404, "", "<html>", RENEWAL_UNCLEAR, 0},
        {401, "", "{\"error\":\"invalid_client\"}", RENEWAL_UNCLEAR, 0},
        {400, "", "{\"error\":\"invalid_scope\"}", RENEWAL_UNCLEAR, 0},
        {400, "", "{\"error\":\"invalid_request\"}", RENEWAL_SCOPES, 0},
        {302, "", "", RENEWAL_UNCLEAR, 0},
        {429, "", "{\"error\":{\"type\":\"rate_limit_error\"}}", RENEWAL_LATER, RENEWAL_WAIT},
        {429, "Retry-After: 7\r\n", "", RENEWAL_LATER, 7},
        {429, "retry-after: 999999999\n", "", RENEWAL_LATER, RENEWAL_WAIT_LONGEST},
        {429, "retry-after: soon\n", "", RENEWAL_LATER, RENEWAL_WAIT},
        {500, "", "{\"error\":\"invalid_grant\"}", RENEWAL_LATER, RENEWAL_PAUSE},
        {529, "", "", RENEWAL_LATER, RENEWAL_PAUSE},
        {0, "", "", RENEWAL_LATER, RENEWAL_PAUSE},
        {200, "", "", RENEWAL_UNCLEAR, 0},
        {200, "", "{\"access_token\":5}", RENEWAL_UNCLEAR, 0},
        {200, "", "{\"access_token\":\"" API_1 "\"}", RENEWAL_UNCLEAR, 0},
        {200, "", "{\"access_token\":\"a b\",\"refresh_token\":\"FAKE\"}", RENEWAL_NEW, 0},
        {200, "", "{\"access_token\":\"" OAUTH_1 "\"}", RENEWAL_NEW, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct renewal renewal;
        assert_int_equal(renewal_read(rows[i].status, rows[i].headers, rows[i].body,
                                      strlen(rows[i].body), NOW, &renewal),
                         0);
        if (renewal.meaning != rows[i].meaning)
            fail_msg("%d %s: meaning %d", rows[i].status, rows[i].body, (int)renewal.meaning);
        assert_int_equal(renewal.not_before, rows[i].wait ? NOW + rows[i].wait : 0);
        renewal_finish(&renewal);
    }
}

static void apply(const char *answer, int status, const char *before, const char *after)
{
    struct renewal renewal;
    CLEANUP_JSON cJSON *entry = json_parse(before, strlen(before), NULL);
    CLEANUP_JSON cJSON *expected = json_parse(after, strlen(after), NULL);
    assert_int_equal(renewal_read(status, "", answer, strlen(answer), NOW, &renewal), 0);
    assert_true(renewal_apply_entry(entry, &renewal, NOW) >= 0);
    renewal_finish(&renewal);
    if (!cJSON_Compare(entry, expected, true))
        fail_msg("%s: %s", answer, cJSON_Print(entry));
}

static void test_entries(void **state)
{
    (void)state;
    apply("{\"access_token\":\"" OAUTH_2 "\",\"refresh_token\":\"NEXT\",\"expires_in\":28800}", 200,
          "{\"name\":\"a\",\"token\":\"" OAUTH_1
          "\",\"refresh_token\":\"OLD\",\"expires\":5,\"refresh_after\":6,\"refresh_ended\":7,"
          "\"x\":[1]}",
          "{\"name\":\"a\",\"token\":\"" OAUTH_2
          "\",\"refresh_token\":\"NEXT\",\"expires\":1795238400,\"x\":[1]}");
    apply("{\"access_token\":\"other-FAKE-token\"}", 200,
          "{\"token\":\"" OAUTH_1 "\",\"refresh_token\":\"OLD\"}",
          "{\"token\":\"other-FAKE-token\",\"refresh_token\":\"OLD\",\"kind\":\"oauth\"}");
    apply("{\"error\":\"invalid_grant\"}", 400, "{\"token\":\"x\"}",
          "{\"token\":\"x\",\"refresh_ended\":1795209600}");
    apply("", 429, "{\"token\":\"x\"}", "{\"token\":\"x\",\"refresh_after\":1795209660}");
    apply("<html>", 404, "{\"token\":\"x\"}", "{\"token\":\"x\"}");
}

/* What the key file would refuse is not a token, or the next refresh token could not be written. */
static void test_tokens_that_cannot_be(void **state)
{
    (void)state;
    static const char *const tokens[] = {"sk-ant-ort01-FAKE-x-0001", "sk-ant-oat01-FAKE,x",
                                         "'quoted-FAKE'", "sk-ant-oat01-FAKE...", "short"};
    char answer[20000], access[17000];
    for (size_t i = 0; i <= COUNT(tokens); i++) {
        snprintf(access, sizeof access, "sk-ant-oat01-%016384d", 0);
        snprintf(answer, sizeof answer, "{\"access_token\":\"%s\",\"refresh_token\":\"NEXT\"}",
                 i < COUNT(tokens) ? tokens[i] : access);
        apply(answer, 200, "{\"token\":\"x\",\"refresh_token\":\"OLD\"}",
              "{\"token\":\"x\",\"refresh_token\":\"NEXT\"}");
    }
}

static void test_logins(void **state)
{
    (void)state;
    const char *answer =
        "{\"access_token\":\"" OAUTH_2 "\",\"refresh_token\":\"NEXT\",\"expires_in\":60}";
    const char *before =
        "{\"accessToken\":\"a\",\"refreshToken\":\"b\",\"expiresAt\":1,\"scopes\":[\"s\"]}";
    struct renewal renewal;
    CLEANUP_JSON cJSON *login = json_parse(before, strlen(before), NULL);
    assert_int_equal(renewal_read(200, "", answer, strlen(answer), NOW, &renewal), 0);
    assert_int_equal(renewal_apply_login(login, &renewal), 0);
    renewal_finish(&renewal);
    char *text = json_print(login, false);
    assert_string_equal(
        text, "{\"accessToken\":\"" OAUTH_2
              "\",\"refreshToken\":\"NEXT\",\"expiresAt\":1795209660000,\"scopes\":[\"s\"]}");
    json_free_text(text);
}

static void test_request(void **state)
{
    (void)state;
    struct buffer body = {0};
    renewal_print_request("a\"b", "me", NULL, &body);
    assert_string_equal(buffer_text(&body), "{\"grant_type\":\"refresh_token\",\"refresh_token\":"
                                            "\"a\\\"b\",\"client_id\":\"me\"}");
    buffer_clear(&body);
    renewal_print_request("a", "me", "x y", &body);
    assert_non_null(strstr(buffer_text(&body), "\"scope\":\"x y\""));
    buffer_finish(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_tokens_that_cannot_be),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_request),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
