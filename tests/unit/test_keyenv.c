#include "core/pool/keyenv.h"

#include "support.h"

#include <errno.h>
#include <string.h>

enum { ENTRIES = 8, KEYS = 4 };

struct expected_key {
    const char *name, *token, *place;
    const char *base_url; /* "-": its provider's, whatever the environment says */
};

static int parse(const char *const *entries, struct keyring *keyring, struct keyring_report *report)
{
    *report = (struct keyring_report){0};
    int r = keyenv_parse((char *const *)entries, keyring, report);
    expect_no_secret("errors", buffer_text(&report->errors));
    expect_no_secret("warnings", buffer_text(&report->warnings));
    return r;
}

static void expect_key(const struct key *key, const struct expected_key *expected)
{
    assert_string_equal(key->name, expected->name);
    assert_string_equal(key->token, expected->token);
    assert_string_equal(key->place, expected->place);
    assert_true(key->kind_known);
    assert_int_equal(key->source, KEY_INLINE);
    const char *address = key->at_provider ? "-" : key->base_url ? key->base_url : "";
    assert_string_equal(address, expected->base_url ? expected->base_url : "");
}

static void test_pools(void **state)
{
    (void)state;
    static const struct {
        const char *entries[ENTRIES];
        struct expected_key keys[KEYS];
        struct expected_key master;
    } rows[] = {
        {{"TCR_KEYS=" OAUTH_1}, {{"key1", OAUTH_1, "TCR_KEYS", NULL}}, {0}},
        {{"TCR_KEYS=" OAUTH_1 "," API_1 "\n" OAUTH_2},
         {{"key1", OAUTH_1, "TCR_KEYS", NULL},
          {"key2", API_1, "TCR_KEYS", NULL},
          {"key3", OAUTH_2, "TCR_KEYS", NULL}},
         {0}},
        {{"TCR_KEYS=home=" OAUTH_1 ",,\r\n work=" OAUTH_2 " ,\n,"},
         {{"home", OAUTH_1, "TCR_KEYS", NULL}, {"work", OAUTH_2, "TCR_KEYS", NULL}},
         {0}},
        {{"TCR_KEYS=" OAUTH_1 "==," OAUTH_2 "=x"},
         {{"key1", OAUTH_1 "==", "TCR_KEYS", NULL}, {"key2", OAUTH_2 "=x", "TCR_KEYS", NULL}},
         {0}},
        {{"TCR_KEYS=" OAUTH_1, "TCR_MASTER_KEY=" API_1},
         {{"key1", OAUTH_1, "TCR_KEYS", NULL}},
         {"master", API_1, "TCR_MASTER_KEY", NULL}},
        {{"TCR_MASTER_KEY=" API_1}, {{0}}, {"master", API_1, "TCR_MASTER_KEY", NULL}},
        {{"CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_1 "," OAUTH_2},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKENS", NULL},
          {"key2", OAUTH_2, "CLAUDE_CODE_OAUTH_TOKENS", NULL}},
         {0}},
        {{"ANTHROPIC_API_KEYS=" API_1, "CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_1,
          "CLAUDE_FALLBACK_API_KEY=" API_2},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKENS", NULL},
          {"key2", API_1, "ANTHROPIC_API_KEYS", NULL}},
         {"master", API_2, "CLAUDE_FALLBACK_API_KEY", "-"}},
        {{"CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1, "ANTHROPIC_API_KEY=" API_1},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {"master", API_1, "ANTHROPIC_API_KEY", NULL}},
        {{"ANTHROPIC_API_KEY=" API_1}, {{0}}, {"master", API_1, "ANTHROPIC_API_KEY", NULL}},
        /* other kinds' pools stand beside Anthropic's, whichever way that one is given */
        {{"CURSOR_API_KEYS=key_FAKE", "OPENAI_API_KEYS=sk-FAKE-1,team=sk-FAKE-2",
          "TCR_KEYS=home=" OAUTH_1},
         {{"home", OAUTH_1, "TCR_KEYS", NULL},
          {"key2", "sk-FAKE-1", "OPENAI_API_KEYS", NULL},
          {"team", "sk-FAKE-2", "OPENAI_API_KEYS", NULL},
          {"key4", "key_FAKE", "CURSOR_API_KEYS", NULL}},
         {0}},
        {{"OPENAI_API_KEYS=sk-FAKE", "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1,
          "ANTHROPIC_API_KEY=" API_1},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL},
          {"key2", "sk-FAKE", "OPENAI_API_KEYS", NULL}},
         {"master", API_1, "ANTHROPIC_API_KEY", NULL}},
        /* the filling of a token in base64 is no name's end */
        {{"CURSOR_API_KEYS=FAKEFAKE=="}, {{"key1", "FAKEFAKE==", "CURSOR_API_KEYS", NULL}}, {0}},
        /* a gateway's token is of its variable's kind */
        {{"CLAUDE_CODE_OAUTH_TOKEN=FAKE-gateway", "ANTHROPIC_API_KEY=FAKE"},
         {{"key1", "FAKE-gateway", "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {"master", "FAKE", "ANTHROPIC_API_KEY", NULL}},
        /* a master alone does not hide the pool of a later way */
        {{"CLAUDE_FALLBACK_API_KEY=" API_1, "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1,
          "ANTHROPIC_API_KEY=" API_2},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {"master", API_1, "CLAUDE_FALLBACK_API_KEY", "-"}},
        /* the first way that gives a pool key is the only one */
        {{"ANTHROPIC_API_KEY=" API_1, "CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_2,
          "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1},
         {{"key1", OAUTH_2, "CLAUDE_CODE_OAUTH_TOKENS", NULL}},
         {0}},
        {{"CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_2, "TCR_KEYS=" OAUTH_1,
          "CLAUDE_FALLBACK_API_KEY=" API_1},
         {{"key1", OAUTH_1, "TCR_KEYS", NULL}},
         {0}},
        /* an empty variable counts as unset; of two of one name the first counts */
        {{"TCR_KEYS=", "TCR_MASTER_KEY=", "CLAUDE_CODE_OAUTH_TOKENS= ,\n",
          "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1, "ANTHROPIC_API_KEY="},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {0}},
        {{"TCR_KEYS=" OAUTH_1, "TCR_KEYS=" OAUTH_2}, {{"key1", OAUTH_1, "TCR_KEYS", NULL}}, {0}},
        /* what people write in a list */
        {{"TCR_KEYS=\"" OAUTH_1 "," OAUTH_2 "\""},
         {{"key1", OAUTH_1, "TCR_KEYS", NULL}, {"key2", OAUTH_2, "TCR_KEYS", NULL}},
         {0}},
        {{"TCR_KEYS=[\"" OAUTH_1 "\", \"" OAUTH_2 "\"]"},
         {{"key1", OAUTH_1, "TCR_KEYS", NULL}, {"key2", OAUTH_2, "TCR_KEYS", NULL}},
         {0}},
        {{"TCR_KEYS=# home, work\nhome=" OAUTH_1 " # mine\n#" OAUTH_3 "\nwork='" OAUTH_2 "'"},
         {{"home", OAUTH_1, "TCR_KEYS", NULL}, {"work", OAUTH_2, "TCR_KEYS", NULL}},
         {0}},
        /* a token with an address of its own is the first key; the fallback goes elsewhere */
        {{"ANTHROPIC_BASE_URL=https://Proxy.corp/", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy",
          "CLAUDE_FALLBACK_API_KEY=" API_1},
         {{"key1", "FAKE-proxy", "ANTHROPIC_AUTH_TOKEN", "https://proxy.corp"}},
         {"master", API_1, "CLAUDE_FALLBACK_API_KEY", "-"}},
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "ANTHROPIC_API_KEY=" API_2,
          "CLAUDE_FALLBACK_API_KEY=" API_1, "CLAUDE_FALLBACK_BASE_URL=https://own.example/"},
         {{"key1", API_2, "ANTHROPIC_API_KEY", "https://proxy.corp"}},
         {"master", API_1, "CLAUDE_FALLBACK_API_KEY", "https://own.example"}},
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy",
          "CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_1 "," OAUTH_2},
         {{"key1", "FAKE-proxy", "ANTHROPIC_AUTH_TOKEN", "https://proxy.corp"},
          {"key2", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKENS", NULL},
          {"key3", OAUTH_2, "CLAUDE_CODE_OAUTH_TOKENS", NULL}},
         {0}},
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy",
          "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1, "ANTHROPIC_API_KEY=" API_1},
         {{"key1", "FAKE-proxy", "ANTHROPIC_AUTH_TOKEN", "https://proxy.corp"},
          {"key2", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {"master", API_1, "ANTHROPIC_API_KEY", NULL}},
        /* a second token that may be the proxy's too goes nowhere */
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy",
          "ANTHROPIC_API_KEY=FAKE-other"},
         {{"key1", "FAKE-proxy", "ANTHROPIC_AUTH_TOKEN", "https://proxy.corp"}},
         {0}},
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "ANTHROPIC_AUTH_TOKEN=" API_1,
          "ANTHROPIC_API_KEY=" API_1},
         {{"key1", API_1, "ANTHROPIC_AUTH_TOKEN", "https://proxy.corp"}},
         {0}},
        /* the provider's own address, or none, changes nothing */
        {{"ANTHROPIC_BASE_URL=https://api.anthropic.com/", "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1,
          "ANTHROPIC_API_KEY=" API_1},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {"master", API_1, "ANTHROPIC_API_KEY", NULL}},
        {{"ANTHROPIC_BASE_URL=", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", "ANTHROPIC_API_KEY=" API_1},
         {{0}},
         {"master", API_1, "ANTHROPIC_API_KEY", NULL}},
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1},
         {{"key1", OAUTH_1, "CLAUDE_CODE_OAUTH_TOKEN", NULL}},
         {0}},
        /* TCR_KEYS is the whole pool */
        {{"ANTHROPIC_BASE_URL=https://proxy.corp", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy",
          "TCR_KEYS=" OAUTH_1},
         {{"key1", OAUTH_1, "TCR_KEYS", NULL}},
         {0}},
        {{"OPENAI_BASE_URL=http://litellm.localhost:4000/v1", "OPENAI_API_KEY=FAKE-litellm",
          "OPENAI_API_KEYS=sk-FAKE-1"},
         {{"key1", "FAKE-litellm", "OPENAI_API_KEY", "http://litellm.localhost:4000/v1"},
          {"key2", "sk-FAKE-1", "OPENAI_API_KEYS", NULL}},
         {0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        struct keyring_report report;
        if (parse(rows[i].entries, &ring, &report) != 1)
            fail_msg("row %zu: %s", i, buffer_text(&report.errors));
        size_t count = 0;
        for (; count < KEYS && rows[i].keys[count].name; count++)
            expect_key(&ring.keys[count], &rows[i].keys[count]);
        assert_int_equal(ring.count, count);
        assert_int_equal(ring.has_master, rows[i].master.name != NULL);
        if (ring.has_master)
            expect_key(&ring.master, &rows[i].master);
        assert_int_equal(ring.policy.retries, POLICY_DEFAULT_RETRIES);
        keyring_finish(&ring);
        keyring_report_finish(&report);
    }
}

static void test_no_pool(void **state)
{
    (void)state;
    static const char *const rows[][ENTRIES] = {
        {NULL},
        {"HOME=/home/dev", "TCR_KEYS", "TCR_KEYSX=" OAUTH_1, "=" OAUTH_1},
        {"TCR_KEYS=", "ANTHROPIC_API_KEY=", "CLAUDE_CODE_OAUTH_TOKEN="},
        {"TCR_KEYS= \t,\r\n,"},
        {"OPENAI_API_KEY=sk-FAKE", "tcr_keys=" OAUTH_1},
        {"OPENAI_API_KEYS=", "CURSOR_API_KEYS=,,"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring = {.count = 7};
        struct keyring_report report;
        assert_int_equal(parse(rows[i], &ring, &report), 0);
        assert_int_equal(report.errors.length, 0);
        assert_int_equal(ring.count, 0);
        assert_null(ring.store);
    }
}

/* Where the mistake is, and never a part of what may be a token. */
static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *entries[ENTRIES];
        size_t lines;
        const char *place, *fault;
    } rows[] = {
        {{"TCR_KEYS=FAKE-of-no-kind"}, 1, "TCR_KEYS: ", "unknown kind of token"},
        {{"TCR_KEYS=" OAUTH_1 ",home=FAKE"}, 1, "TCR_KEYS: ", "unknown kind of token"},
        {{"TCR_KEYS=a\xff=" OAUTH_1}, 1, "TCR_KEYS: key 1: ", "not UTF-8"},
        {{"TCR_KEYS=a\xc2\x9b=" OAUTH_1}, 1, "TCR_KEYS: key 1: ", "control character"},
        {{"TCR_KEYS=home="}, 1, "TCR_KEYS: ", "is empty"},
        {{"TCR_KEYS=c2VjcmV0RkFLRQFAKE=="}, 1, "TCR_KEYS: ", "token"},
        {{"TCR_KEYS=old-" OAUTH_1 "=" OAUTH_2}, 1, "TCR_KEYS: ", "unknown kind of token"},
        {{"TCR_KEYS=FAKE=FAKE"}, 1, "TCR_KEYS: ", "unknown kind of token"},
        {{"TCR_KEYS=FAKE one,FAKE two," OAUTH_1}, 2, "TCR_KEYS: ", "white space"},
        {{"TCR_KEYS=a=" OAUTH_1 ",a=" OAUTH_2}, 1, "TCR_KEYS: ", "two keys are named \"a\""},
        {{"TCR_KEYS=key2=" OAUTH_1 "," OAUTH_2}, 1, "TCR_KEYS: ", "two keys are named \"key2\""},
        {{"TCR_KEYS=" OAUTH_1, "TCR_MASTER_KEY=FAKE"},
         1,
         "TCR_MASTER_KEY: ",
         "unknown kind of token"},
        {{"TCR_KEYS=" OAUTH_1 ";" OAUTH_2}, 1, "TCR_KEYS: key 1: ", "commas go between"},
        {{"TCR_KEYS={\"keys\": [\"" OAUTH_1 "\"]}"}, 1, "TCR_KEYS: ", "--keys or TCR_KEYS_FILE"},
        {{"CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1 "\nFAKEhalf"},
         1,
         "CLAUDE_CODE_OAUTH_TOKEN: key 1: ",
         "broken by a line end"},
        {{"CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_1 "\nFAKEhalf\n" OAUTH_2},
         1,
         "CLAUDE_CODE_OAUTH_TOKENS: key 2: ",
         "the end of key 1, broken by a line end"},
        {{"TCR_KEYS=" OAUTH_1 "\nFAKEhalf"}, 1, "TCR_KEYS: key 2: ", "the end of key 1"},
        {{"ANTHROPIC_API_KEY=" API_1 "\nFAKEhalf"},
         1,
         "ANTHROPIC_API_KEY: ",
         "broken by a line end"},
        {{"ANTHROPIC_BASE_URL=https://me:FAKE@proxy.corp", "ANTHROPIC_AUTH_TOKEN=FAKE-proxy"},
         1,
         "ANTHROPIC_BASE_URL: ",
         "a user or a password"},
        {{"CLAUDE_CODE_OAUTH_TOKENS=" OAUTH_1, "CLAUDE_FALLBACK_API_KEY=" API_1,
          "CLAUDE_FALLBACK_BASE_URL=proxy"},
         1,
         "CLAUDE_FALLBACK_BASE_URL: ",
         "neither https:// nor"},
        {{"OPENAI_API_KEYS=" API_1}, 1, "OPENAI_API_KEYS: key 1: ", "token of Anthropic's"},
        {{"CURSOR_API_KEYS=x=" OAUTH_1}, 1, "CURSOR_API_KEYS: key 1: ", "CLAUDE_CODE_OAUTH_TOKENS"},
        {{"TCR_KEYS=master=" OAUTH_1, "TCR_MASTER_KEY=" API_1},
         1,
         "TCR_MASTER_KEY: ",
         "two keys are named \"master\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        struct keyring_report report;
        const char *row = rows[i].entries[0];
        if (parse(rows[i].entries, &ring, &report) != -EINVAL)
            fail_msg("%s was taken", row);
        const char *errors = buffer_text(&report.errors);
        if (count_lines(errors) != rows[i].lines)
            fail_msg("%s: %s", row, errors);
        if (strncmp(errors, rows[i].place, strlen(rows[i].place)) != 0)
            fail_msg("%s: %s", row, errors);
        expect_part(row, errors, rows[i].fault);
        assert_null(ring.keys);
        keyring_report_finish(&report);
    }
}

static void test_plain_http(void **state)
{
    (void)state;
    static const char *const entries[] = {"ANTHROPIC_BASE_URL=http://proxy.corp",
                                          "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", NULL};
    struct keyring ring;
    struct keyring_report report;
    assert_int_equal(parse(entries, &ring, &report), 1);
    assert_string_equal(ring.keys[0].base_url, "http://proxy.corp");
    assert_int_equal(ring.keys[0].kind.id, KIND_BEARER);
    assert_string_equal(buffer_text(&report.warnings),
                        "ANTHROPIC_BASE_URL: keys cross the network unencrypted (http://)\n");
    keyring_finish(&ring);
    keyring_report_finish(&report);
}

static void test_many_keys(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct buffer list = {0};
    struct keyring ring;
    struct keyring_report report;
    buffer_append_text(&list, "TCR_KEYS=");
    for (int i = 0; i < MANY; i++)
        buffer_append_format(&list, "n%d=sk-ant-oat01-FAKE-%d,", i, i);
    const char *entries[] = {buffer_text(&list), NULL};
    assert_int_equal(parse(entries, &ring, &report), 1);
    assert_int_equal(ring.count, MANY);
    assert_string_equal(ring.keys[MANY - 1].name, "n299");
    assert_string_equal(ring.keys[17].token, "sk-ant-oat01-FAKE-17");
    keyring_finish(&ring);
    buffer_finish(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools),     cmocka_unit_test(test_no_pool),
        cmocka_unit_test(test_mistakes),  cmocka_unit_test(test_plain_http),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
