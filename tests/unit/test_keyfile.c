#include "core/pool/keyfile.h"

#include "support.h"

#include <errno.h>
#include <string.h>

#define A "{\"name\":\"a\",\"token\":\"" OAUTH_1 "\"}"

/* The bytes in memory of their own size, so that the sanitizer sees a byte read too many. */
static int parse(const char *text, size_t length, struct keyring *keyring,
                 struct keyring_report *report)
{
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, text, length);
    *report = (struct keyring_report){0};
    int r = keyfile_parse(copy + 1, length, keyring, report);
    test_free(copy);
    expect_no_secret("errors", buffer_text(&report->errors));
    expect_no_secret("warnings", buffer_text(&report->warnings));
    return r;
}

static void parse_well(const char *text, struct keyring *keyring)
{
    struct keyring_report report;
    if (parse(text, strlen(text), keyring, &report) != 0)
        fail_msg("%s: %s", text, buffer_text(&report.errors));
    assert_string_equal(buffer_text(&report.errors), "");
    assert_string_equal(buffer_text(&report.warnings), "");
}

/* The file of design.md. */
static void test_whole_file(void **state)
{
    (void)state;
    struct keyring ring;
    parse_well(
        "{ \"version\": 1,\n"
        "  \"keys\": [ { \"name\": \"home\", \"token\": \"" OAUTH_1 "\" },\n"
        "    { \"name\": \"work\", \"token_command\": [\"pass\", \"show\", \"claude/work\"],"
        "      \"organization\": \"acme\" },\n"
        "    { \"name\": \"ci\", \"token_file\": \"~/.secrets/ci\", \"priority\": 1 },\n"
        "    { \"name\": \"team\", \"config_dir\": \"~/.claude-team\" } ],\n"
        "  \"master\": { \"name\": \"billing\", \"token\": \"" API_1 "\","
        "    \"at_most\": \"20/day\" },\n"
        "  \"profiles\": { \"cheap\": { \"keys\": [\"home\", \"ci\"], \"master\": false } },\n"
        "  \"policy\": { \"retries\": 5, \"retry_on\": \"limit,auth\","
        "    \"cooldown\": { \"limit\": \"5m\", \"auth\": 7200 } } }\n",
        &ring);
    const struct key *key = ring.keys;
    assert_int_equal(ring.count, 4);
    assert_string_equal(key[0].name, "home");
    assert_string_equal(key[0].place, "keys[0]");
    assert_string_equal(key[0].token, OAUTH_1);
    assert_int_equal(key[0].source, KEY_INLINE);
    assert_int_equal(key[0].kind.id, KIND_OAUTH);
    assert_true(key[0].kind_known);
    assert_int_equal(key[1].source, KEY_COMMAND);
    assert_string_equal(key[1].command[2], "claude/work");
    assert_null(key[1].command[3]);
    assert_null(key[1].token);
    assert_false(key[1].kind_known);
    assert_string_equal(key[1].organization, "acme");
    assert_int_equal(key[2].source, KEY_FILE);
    assert_string_equal(key[2].token_file, "~/.secrets/ci");
    assert_int_equal(key[2].priority, 1);
    assert_int_equal(key[3].source, KEY_CONFIG_DIR);
    assert_string_equal(key[3].config_dir, "~/.claude-team");
    assert_int_equal(key[3].kind.id, KIND_CONFIG_DIR);
    assert_true(ring.has_master);
    assert_string_equal(ring.master.name, "billing");
    assert_string_equal(ring.master.place, "master");
    assert_int_equal(ring.master.at_most, 20);
    assert_int_equal(ring.master.at_most_period, 86400);
    assert_int_equal(ring.policy.retries, 5);
    assert_int_equal(ring.policy.cooldown[CLASS_LIMIT], 300);
    assert_int_equal(ring.policy.cooldown[CLASS_AUTH], 7200);
    assert_int_equal(ring.policy.cooldown_all, -1);
    assert_false(policy_rotates(&ring.policy, CLASS_SERVER));
    keyring_finish(&ring);
}

static void test_defaults(void **state)
{
    (void)state;
    struct keyring ring;
    parse_well("{\"keys\":[{\"token\":\"" OAUTH_1 "\"},{\"token\":\"" API_1 "\"}]}", &ring);
    assert_string_equal(ring.keys[0].name, "key1");
    assert_string_equal(ring.keys[1].name, "key2");
    assert_null(ring.keys[0].organization);
    assert_int_equal(ring.keys[0].priority, 0);
    assert_false(ring.keys[0].disabled || ring.keys[0].left_out || ring.has_master);
    assert_int_equal(ring.policy.retries, POLICY_DEFAULT_RETRIES);
    keyring_finish(&ring);
}

static void test_addresses(void **state)
{
    (void)state;
    struct keyring ring;
    parse_well("{\"keys\":[{\"name\":\"a\",\"token\":\"FAKE-proxy-0001\",\"kind\":\"bearer\","
               "\"base_url\":\"https://Proxy.Corp/anthropic/\","
               "\"env\":{\"ANTHROPIC_MODEL\":\"glm-4.6\",\"EMPTY\":\"\"}},"
               "{\"name\":\"b\",\"token\":\"" OAUTH_1 "\",\"env\":{}},"
               "{\"name\":\"c\",\"token_command\":[\"x\"],\"base_url\":\"http://[::1]:4000\"},"
               "{\"name\":\"d\",\"token\":\"sk-FAKE\",\"kind\":\"openai\",\"plain_http\":true,"
               "\"base_url\":\"http://litellm:4000/v1\"}],"
               "\"master\":{\"token\":\"" API_1 "\",\"base_url\":\"https://bill.example\"}}",
               &ring);
    const struct key *key = ring.keys;
    assert_int_equal(key[0].kind.id, KIND_BEARER);
    assert_string_equal(key[0].kind.variable, "ANTHROPIC_AUTH_TOKEN");
    assert_string_equal(key[0].base_url, "https://proxy.corp/anthropic");
    assert_string_equal(key[0].variables[0].name, "ANTHROPIC_MODEL");
    assert_string_equal(key[0].variables[0].value, "glm-4.6");
    assert_string_equal(key[0].variables[1].name, "EMPTY");
    assert_string_equal(key[0].variables[1].value, "");
    assert_null(key[0].variables[2].name);
    assert_null(key[1].base_url);
    assert_null(key[1].variables[0].name);
    assert_string_equal(key[2].base_url, "http://[::1]:4000");
    assert_null(key[2].variables);
    assert_string_equal(key[3].base_url, "http://litellm:4000/v1");
    assert_string_equal(ring.master.base_url, "https://bill.example");
    assert_false(key[0].at_provider || ring.master.at_provider);
    keyring_finish(&ring);
}

static void test_small_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t keys;
        bool master;
    } rows[] = {
        {"{\"keys\":[" A "]}", 1, false},
        {"{\"keys\":[" A "],\"master\":null}", 1, false},
        {"{\"master\":" A "}", 0, true},
        {"{\"keys\":[],\"master\":" A "}", 0, true},
        {"{\"master\":{\"token_command\":[\"pass\",\"show\"]}}", 0, true},
        {"\n{\"profiles\":{\"p\":{\"keys\":[\"a\"]}},\"keys\":[" A "]}\n", 1, false},
        {"{\"keys\":[" A
         "],\"policy\":{\"agent\":{\"folder\":\"~/w\",\"tools\":[],\"at_most\":3}}}",
         1, false},
        {"{\"version\":1,\"policy\":{},\"profiles\":{},\"keys\":[" A "]}", 1, false},
        {"{\"keys\":[" A "],\"policy\":{\"cooldown\":60}}", 1, false},
        {"{\"keys\":[" A "],\"policy\":{\"retries\":0}}", 1, false},
        {"{\"keys\":[" A "],\"policy\":{\"retries\":1000}}", 1, false},
        {"{\"keys\":[" A "],\"policy\":{\"cooldown\":\"auth=2h,limit=5m\"}}", 1, false},
        {"{\"keys\":[{\"name\":\"a\",\"token\":\"sk-FAKE\",\"kind\":\"openai\"}]}", 1, false},
        {"{\"keys\":[{\"name\":\"a\",\"token\":\"FAKE\",\"kind\":{\"env\":\"MY_KEY\"}}]}", 1,
         false},
        {"{\"keys\":[{\"name\":\"a\",\"token\":\"" OAUTH_1 "\",\"disabled\":true}]}", 1, false},
        {"{\"keys\":[{\"name\":\"a\",\"token\":\"" OAUTH_1 "\\n\",\"priority\":-3}]}", 1, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        parse_well(rows[i].text, &ring);
        assert_int_equal(ring.count, rows[i].keys);
        assert_int_equal(ring.has_master, rows[i].master);
        keyring_finish(&ring);
    }
}

/* One mistake a row, one line a mistake: where it is, what was found, what was expected. */
static const struct mistake {
    const char *text;
    const char *place, *found, *expected;
} mistakes[] = {
    {"", "it is empty", "", "keys add"},
    {" \n", "it is empty", "", "keys add"},
    {"sk-ant-oat01-FAKE-home-0001\n", "line 1, column 1", "not JSON", "{\"keys\": [...]}"},
    {"{\"keys\":[" A ",]}", "line 1, column", "not JSON", "{\"keys\": [...]}"},
    {"{\n \"keys\": [\n  " A "\n  " A "\n ]\n}", "line 4, column 3", "not JSON",
     "{\"keys\": [...]}"},
    {"[" A "]", "the file", "found an array", "expected an object {\"keys\": [...]}"},
    {"\"" OAUTH_1 "\"", "the file", "found a string", "expected an object"},
    {"{}", "keys", "none", "{\"name\": \"home\", \"token\""},
    {"{\"keys\":[]}", "keys", "none", "{\"name\": \"home\", \"token\""},
    {"{\"keys\":[],\"master\":null}", "keys", "none", "add one"},
    {"{\"keys\":{\"a\":\"" OAUTH_1 "\"}}", "keys", "found an object", "expected an array"},
    {"{\"keys\":null}", "keys", "found null", "expected an array"},
    {"{\"keys\":[\"" OAUTH_1 "\"]}", "keys[0]", "found a string", "expected an object"},
    {"{\"keys\":[" A ",[]]}", "keys[1]", "found an array", "expected an object"},
    {"{\"keys\":[{\"name\":\"a\"}]}", "keys[0]", "found none", "exactly one of token, token_file"},
    {"{\"keys\":[{}]}", "keys[0]", "found none", "token_command, keychain and config_dir"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"token_file\":\"x\"}]}", "keys[0]", "found several",
     "exactly one of"},
    {"{\"keys\":[{\"token\":5}]}", "keys[0].token", "found a number", "expected a string"},
    {"{\"keys\":[{\"token\":\"\"}]}", "keys[0].token", "empty", "token"},
    {"{\"keys\":[{\"token\":\"FAKE one\"}]}", "keys[0].token", "white space", "expected one token"},
    {"{\"keys\":[{\"token\":\"FAKE-of-no-kind\"}]}", "keys[0].token", "unknown kind of token",
     "sk-ant-oat"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"name\":7}]}", "keys[0].name", "found a number",
     "expected a string"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"name\":\"\"}]}", "keys[0].name", "is empty", "name"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"name\":\"a,b\"}]}", "keys[0].name", "comma", "holds"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"name\":\"a\\nb\"}]}", "keys[0].name", "control",
     "holds"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1
     "\",\"name\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}]}",
     "keys[0].name", "longer than", "64"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"name\":\"a\xff\"}]}", "keys[0].name", "not UTF-8",
     "is"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"name\":\"a\xc2\x9b\"}]}", "keys[0].name", "control",
     "holds"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"organization\":\"a\xff\"}]}", "keys[0].organization",
     "not UTF-8", "is"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1
     "\",\"organization\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}]}",
     "keys[0].organization", "longer than", "64"},
    {"{\"keys\":[{\"token_file\":[]}]}", "keys[0].token_file", "found an array",
     "expected a string"},
    {"{\"keys\":[{\"token_command\":\"pass show x\"}]}", "keys[0].token_command", "found a string",
     "expected an array of words such as [\"pass\""},
    {"{\"keys\":[{\"token_command\":[]}]}", "keys[0].token_command", "found an empty one",
     "expected an array of words"},
    {"{\"keys\":[{\"token_command\":[\"pass\",3]}]}", "keys[0].token_command", "word 2",
     "expected a string, found a number"},
    {"{\"keys\":[{\"config_dir\":true}]}", "keys[0].config_dir", "found true", "expected a string"},
    {"{\"keys\":[{\"config_dir\":\"\"}]}", "keys[0].config_dir", "found an empty", "expected a"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"kind\":\"claude\"}]}", "keys[0].kind",
     "found \"claude\"", "expected \"oauth\", \"api\""},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"kind\":{\"env\":\"A=B\"}}]}", "keys[0].kind",
     "found an object", "{\"env\": \"NAME\"}"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"kind\":null}]}", "keys[0].kind", "found null",
     "expected \"oauth\""},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"priority\":1.5}]}", "keys[0].priority", "found 1.5",
     "expected a whole number"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"priority\":\"1\"}]}", "keys[0].priority",
     "found \"1\"", "expected a whole number"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"disabled\":\"yes\"}]}", "keys[0].disabled",
     "found a string", "expected true or false"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"organization\":3}]}", "keys[0].organization",
     "found a number", "expected a string"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"base_url\":7}]}", "keys[0].base_url",
     "found a number", "expected an address such as"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"base_url\":null}]}", "keys[0].base_url", "found null",
     "expected an address such as"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"base_url\":\"proxy.corp\"}]}", "keys[0].base_url",
     "neither https:// nor", "\"https://proxy.example/anthropic\""},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"base_url\":\"https://u:FAKE@proxy.corp\"}]}",
     "keys[0].base_url", "a user or a password", "expected an address"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"base_url\":\"http://proxy.corp\"}]}",
     "keys[0].base_url", "unencrypted", "\"plain_http\": true"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1
     "\",\"base_url\":\"http://proxy.corp\",\"plain_http\":false}]}",
     "keys[0].base_url", "unencrypted", "use https://"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"plain_http\":\"yes\"}]}", "keys[0].plain_http",
     "found a string", "expected true or false"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":[]}]}", "keys[0].env", "found an array",
     "an object such as {\"ANTHROPIC_MODEL\""},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":{\"A B\":\"x\"}}]}", "keys[0].env", "\"A B\"",
     "not a variable name"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":{\"A\":7}}]}", "keys[0].env", "found a number",
     "A: expected a string"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":{\"A\":\"x\",\"A\":\"y\"}}]}", "keys[0].env",
     "A found twice", "expected once"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":{\"TCR_KEYS\":\"x\"}}]}", "keys[0].env",
     "\"TCR_KEYS\"", "tcr-run's own"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":{\"ANTHROPIC_BASE_URL\":\"x\"}}]}",
     "keys[0].env", "\"ANTHROPIC_BASE_URL\"", "its \"base_url\""},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"env\":{\"ANTHROPIC_API_KEY\":\"FAKE\"}}]}",
     "keys[0].env", "\"ANTHROPIC_API_KEY\"", "set by tcr-run itself"},
    {"{\"keys\":[{\"token\":\"FAKE\",\"kind\":{\"env\":\"X\"},\"base_url\":\"https://a\"}]}",
     "keys[0].base_url", "no variable is known", "set it with \"env\""},
    {"{\"master\":{\"token\":\"" API_1 "\",\"base_url\":\"x\"}}", "master.base_url",
     "neither https:// nor", "expected an address"},
    {"{\"master\":\"" API_1 "\"}", "master", "found a string", "expected an object"},
    {"{\"master\":{\"token\":\"" API_1 "\",\"budget\":5}}", "master.budget", "found 5",
     "expected dollars for a day"},
    {"{\"budget\":{\"per_key\":\"5/week\"}}", "budget.per_key", "\"5/week\"", ""},
    {"{\"budget\":{\"per_key\":\"0/day\"}}", "budget.per_key", "\"0/day\"", ""},
    {"{\"budget\":\"5/day\"}", "budget", "expected an object", ""},
    {"{\"master\":{\"token\":\"" API_1 "\",\"at_most\":20}}", "master.at_most", "found 20",
     "\"20/day\" or \"5/hour\""},
    {"{\"master\":{\"token\":\"" API_1 "\",\"at_most\":\"20/week\"}}", "master.at_most",
     "found \"20/week\"", "\"20/day\""},
    {"{\"master\":{\"token\":\"" API_1 "\",\"at_most\":\"0/day\"}}", "master.at_most",
     "found \"0/day\"", "\"20/day\""},
    {"{\"master\":{\"token\":\"" API_1 "\",\"at_most\":\"-1/day\"}}", "master.at_most",
     "found \"-1/day\"", "\"20/day\""},
    {"{\"version\":\"1\",\"keys\":[" A "]}", "version", "found a string", "expected the number 1"},
    {"{\"version\":0,\"keys\":[" A "]}", "version", "found a number", "expected the number 1"},
    {"{\"version\":2,\"keys\":[" A "]}", "version", "2 is of a newer", "up to 1"},
    {"{\"keys\":[" A "," A "]}", "keys[1].name", "\"a\"", "is the name of keys[0] already"},
    {"{\"keys\":[" A "],\"master\":{\"name\":\"a\",\"token\":\"" API_1 "\"}}", "master.name",
     "\"a\"", "is the name of keys[0] already"},
    {"{\"keys\":[" A ",{\"name\":\"key3\",\"token\":\"" OAUTH_2 "\"},{\"token\":\"" OAUTH_3 "\"}]}",
     "keys[2].name", "\"key3\"", "is the name of keys[1] already"},
    {"{\"keys\":[" A "],\"keys\":[" A "]}", "keys", "twice", "once"},
    {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"token\":\"" OAUTH_2 "\"}]}", "keys[0].token", "twice",
     "once"},
    {"{\"keys\":[" A "],\"profiles\":[]}", "profiles", "found an array", "expected an object"},
    {"{\"keys\":[" A "],\"profiles\":{\"p\":[\"a\"]}}", "profiles.p", "found an array",
     "expected an object"},
    {"{\"keys\":[" A "],\"profiles\":{\"p\":\"a\"}}", "profiles.p", "found a string",
     "expected an object"},
    {"{\"keys\":[" A "],\"profiles\":{\"p\":{\"keys\":\"a\"}}}", "profiles.p.keys",
     "found a string", "expected an array of key names"},
    {"{\"keys\":[" A "],\"profiles\":{\"p\":{\"keys\":[7]}}}", "profiles.p.keys", "found a number",
     "expected key names"},
    {"{\"keys\":[" A "],\"profiles\":{\"p\":{\"keys\":[\"b\"]}}}", "profiles.p.keys", "\"b\"",
     "there is no key"},
    {"{\"keys\":[" A "],\"profiles\":{\"p\":{\"master\":\"no\"}}}", "profiles.p.master",
     "found a string", "expected true or false"},
    {"{\"keys\":[" A "],\"policy\":[]}", "policy", "found an array", "expected an object"},
    {"{\"keys\":[" A "],\"policy\":{\"retries\":-1}}", "policy.retries", "found -1",
     "expected a whole number from 0 to 1000"},
    {"{\"keys\":[" A "],\"policy\":{\"retries\":1.5}}", "policy.retries", "found 1.5",
     "expected a whole number"},
    {"{\"keys\":[" A "],\"policy\":{\"retries\":\"3\"}}", "policy.retries", "found \"3\"",
     "expected a whole number"},
    {"{\"keys\":[" A "],\"policy\":{\"cooldown\":true}}", "policy.cooldown", "found true",
     "expected an object such as {\"limit\": \"5m\"}"},
    {"{\"keys\":[" A "],\"policy\":{\"cooldown\":{\"limit\":\"soon\"}}}", "policy.cooldown",
     "\"soon\"", "5m"},
    {"{\"keys\":[" A "],\"policy\":{\"cooldown\":{\"bored\":\"5m\"}}}", "policy.cooldown",
     "\"bored\"", "limit, throttled"},
    {"{\"keys\":[" A "],\"policy\":{\"cooldown\":{\"limit\":-5}}}", "policy.cooldown", "\"-5\"",
     "5m"},
    {"{\"keys\":[" A "],\"policy\":{\"cooldown\":{\"limit\":[]}}}", "policy.cooldown", "an array",
     "5m"},
    {"{\"keys\":[" A "],\"policy\":{\"retry_on\":[\"limit\"]}}", "policy.retry_on",
     "found an array", "\"limit,auth\""},
    {"{\"keys\":[" A "],\"policy\":{\"retry_on\":\"luck\"}}", "policy.retry_on", "\"luck\"",
     "limit, throttled"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        const struct mistake *row = &mistakes[i];
        struct keyring ring;
        struct keyring_report report;
        assert_int_equal(parse(row->text, strlen(row->text), &ring, &report), -EINVAL);
        const char *errors = buffer_text(&report.errors);
        if (strncmp(errors, row->place, strlen(row->place)) != 0 || count_lines(errors) != 1 ||
            errors[strlen(errors) - 1] != '\n')
            fail_msg("%s: %s", row->text, errors);
        expect_part(row->text, errors, row->found);
        expect_part(row->text, errors, row->expected);
        assert_null(ring.keys);
        assert_null(ring.store);
        keyring_report_finish(&report);
    }
}

static void test_all_mistakes_in_one_go(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":9,\"keys\":[{\"name\":5,\"token\":\"FAKE no\"},{\"name\":\"b\"},7,"
        "{\"name\":\"b\",\"token\":\"" OAUTH_2 "\",\"disabled\":1,\"priority\":{}}],"
        "\"master\":{\"token\":\"" API_1 "\",\"at_most\":\"x\"},"
        "\"profiles\":{\"p\":{\"keys\":[\"nobody\"]}},"
        "\"policy\":{\"retries\":\"3\",\"cooldown\":{\"limit\":\"x\",\"auth\":\"y\"}}}";
    static const char *const places[] = {
        "version: ",        "keys[0].name: ",    "keys[0].token: ",    "keys[1]: ",
        "keys[2]: ",        "keys[3].name: ",    "keys[3].disabled: ", "keys[3].priority: ",
        "master.at_most: ", "profiles.p.keys: ", "policy.retries: ",   "policy.cooldown: ",
    };
    struct keyring ring;
    struct keyring_report report;
    assert_int_equal(parse(text, sizeof text - 1, &ring, &report), -EINVAL);
    for (size_t i = 0; i < COUNT(places); i++)
        expect_part("all", buffer_text(&report.errors), places[i]);
    assert_int_equal(count_lines(buffer_text(&report.errors)), COUNT(places) + 1);
    keyring_report_finish(&report);
}

static void test_oddities(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *what;
    } rows[] = {
        {"{\"keys\":[" A "],\"comment\":\"mine\"}", "comment: ", "unknown field"},
        {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"lable\":\"x\"}]}",
         "keys[0].lable: ", "unknown field"},
        {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"Token\":\"" OAUTH_2 "\"}]}",
         "keys[0].Token: ", "unknown field"},
        {"{\"keys\":[" A "],\"policy\":{\"retires\":3}}", "policy.retires: ", "unknown field"},
        {"{\"keys\":[" A "],\"profiles\":{\"p\":{\"key\":[]}}}",
         "profiles.p.key: ", "unknown field"},
        {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"kind\":\"api\"}]}",
         "keys[0].kind: ", "is api, but the token looks like one of kind oauth"},
        {"{\"keys\":[" A "],\"a\\nb\":1}", "a?b: ", "unknown field"},
        {"{\"keys\":[" A "],\"\\u001b[31m\":1}", "?[31m: ", "unknown field"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        struct keyring_report report;
        assert_int_equal(parse(rows[i].text, strlen(rows[i].text), &ring, &report), 0);
        assert_string_equal(buffer_text(&report.errors), "");
        const char *warnings = buffer_text(&report.warnings);
        assert_int_equal(count_lines(warnings), 1);
        if (strncmp(warnings, rows[i].place, strlen(rows[i].place)) != 0)
            fail_msg("%s: %s", rows[i].text, warnings);
        expect_part(rows[i].text, warnings, rows[i].what);
        keyring_report_finish(&report);
        keyring_finish(&ring);
    }
}

/* However a text stands in the file, a message about it is one line. */
static void test_messages_stay_on_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t lines;
    } rows[] = {
        {"{\"keys\":[{\"name\":\"a\\nb\",\"token\":\"" OAUTH_1 "\"},"
         "{\"name\":\"a\\nb\",\"token\":\"" OAUTH_2 "\"}]}",
         3},
        {"{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"kind\":\"x\\ny\"}]}", 1},
        {"{\"keys\":[" A "],\"profiles\":{\"p\\nq\":5}}", 1},
        {"{\"keys\":[" A "],\"profiles\":{\"p\":{\"keys\":[\"x\\ry\\nz\"]}}}", 1},
        {"{\"keys\":[" A "],\"policy\":{\"retry_on\":\"x\\ny\"}}", 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        struct keyring_report report;
        assert_int_equal(parse(rows[i].text, strlen(rows[i].text), &ring, &report), -EINVAL);
        if (count_lines(buffer_text(&report.errors)) != rows[i].lines ||
            strpbrk(buffer_text(&report.errors), "\r\x1b"))
            fail_msg("%s: %s", rows[i].text, buffer_text(&report.errors));
        keyring_report_finish(&report);
    }
}

/* A token where something else belongs is a mistake like any other: it must not be quoted. */
static void test_misplaced_tokens_are_not_shown(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"keys\":[{\"name\":\"" OAUTH_1 "\"}]}",
        "{\"keys\":[{\"name\":\"" OAUTH_1 "\",\"token\":\"" OAUTH_1 "\"}]}",
        "{\"keys\":[{\"name\":\"" OAUTH_1 "\",\"token\":\"" OAUTH_1 "\"},"
        "{\"name\":\"" OAUTH_1 "\",\"token\":\"" OAUTH_2 "\"}]}",
        "{\"keys\":[{\"name\":\"old " OAUTH_1 "\",\"token\":\"" OAUTH_1 "\"}]}",
        "{\"keys\":[{\"" OAUTH_1 "\":\"home\"}]}",
        "{\"" OAUTH_1 "\":{}}",
        "{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"kind\":\"" OAUTH_1 "\"}]}",
        "{\"keys\":[{\"token\":\"" OAUTH_1 "\",\"priority\":\"" OAUTH_1 "\"}]}",
        "{\"master\":{\"token\":\"" OAUTH_1 "\",\"at_most\":\"" API_1 "\"}}",
        "{\"keys\":[" A "],\"profiles\":{\"p\":{\"keys\":[\"" OAUTH_1 "\"]}}}",
        "{\"keys\":[" A "],\"profiles\":{\"" OAUTH_1 "\":[]}}",
        "{\"keys\":[" A "],\"policy\":{\"retry_on\":\"" OAUTH_1 "\"}}",
        "{\"keys\":[" A "],\"policy\":{\"cooldown\":\"" OAUTH_1 "\"}}",
        "{\"keys\":[" A "],\"policy\":{\"cooldown\":{\"" OAUTH_1 "\":\"" OAUTH_1 "\"}}}",
        "{\"keys\":[" A "],\"policy\":{\"retries\":\"" OAUTH_1 "\"}}",
        "{\"keys\":[{\"token_command\":\"" OAUTH_1 "\"}]}",
        "{\"keys\":\"" OAUTH_1 "," OAUTH_2 "\"}",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring ring;
        struct keyring_report report;
        if (parse(rows[i], strlen(rows[i]), &ring, &report) != -EINVAL)
            fail_msg("%s was taken", rows[i]);
        keyring_report_finish(&report);
    }
}

/* A file cut short anywhere is a mistake, and no more than that. */
static void test_truncated_anywhere(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":1,\"keys\":[{\"name\":\"h\\u00e4us\",\"token\":\"" OAUTH_1 "\"},"
        "{\"token_command\":[\"pass\"],\"kind\":{\"env\":\"X\"}}],\"master\":null,"
        "\"profiles\":{\"p\":{\"keys\":[\"key2\"]}},\"policy\":{\"cooldown\":{\"limit\":\"5m\"}}}";
    struct keyring ring;
    struct keyring_report report;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        assert_int_equal(parse(text, length, &ring, &report), -EINVAL);
        assert_int_equal(count_lines(buffer_text(&report.errors)), 1);
        keyring_report_finish(&report);
    }
    assert_int_equal(parse(text, sizeof text - 1, &ring, &report), 0);
    keyring_finish(&ring);
}

/* One byte wrong anywhere: some files are still good, none does harm. */
static void test_spoiled_anywhere(void **state)
{
    (void)state;
    static const char text[] = "{\"keys\":[{\"name\":\"b\",\"token\":\"" OAUTH_1 "\"},"
                               "{\"token_command\":[\"pass\"]}],\"profiles\":{\"p\":{\"keys\":["
                               "\"b\"]}},\"policy\":{\"cooldown\":{\"limit\":9}}}";
    static const char spoilers[] = "\0{}[]\",:\\0n \x80\xff";
    char copy[sizeof text];
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (size_t s = 0; s < sizeof spoilers - 1; s++) {
            struct keyring ring;
            struct keyring_report report = {0};
            memcpy(copy, text, sizeof text);
            copy[i] = spoilers[s];
            int r = keyfile_parse(copy, sizeof text - 1, &ring, &report);
            assert_true(r == 0 || r == -EINVAL);
            assert_int_equal(r == 0, report.errors.length == 0);
            expect_no_secret("errors", buffer_text(&report.errors));
            expect_no_secret("warnings", buffer_text(&report.warnings));
            keyring_report_finish(&report);
            keyring_finish(&ring);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_small_files),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_all_mistakes_in_one_go),
        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_messages_stay_on_one_line),
        cmocka_unit_test(test_misplaced_tokens_are_not_shown),
        cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_spoiled_anywhere),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
