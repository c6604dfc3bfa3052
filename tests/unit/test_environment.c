#include "core/client/environment.h"

#include "base/variable.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

enum { ENTRIES = 16 };

static void build(const char *const *inherited, const struct environment_plan *plan,
                  struct environment *environment)
{
    assert_int_equal(environment_build((char *const *)inherited, plan, environment), 0);
}

static void expect_entries(const char *row, char *const *entries, const char *const *expected)
{
    size_t i = 0;
    for (; entries[i] && expected[i]; i++)
        if (strcmp(entries[i], expected[i]) != 0)
            fail_msg("%s: entry %zu is \"%s\", not \"%s\"", row, i, entries[i], expected[i]);
    if (entries[i] || expected[i])
        fail_msg("%s: entry %zu: \"%s\", not \"%s\"", row, i, entries[i] ? entries[i] : "(end)",
                 expected[i] ? expected[i] : "(end)");
}

/* Everything that carries a credential or redirects one: claude-code.md, "Credentials". */
static const char *const scrubbed[] = {
    "CLAUDE_CODE_USE_BEDROCK",
    "ANTHROPIC_FOUNDRY_AUTH_TOKEN",
    "CLAUDE_CODE_SESSIONS_OAUTH_TOKEN",
    "CLAUDE_CODE_GATEWAY_TOKEN",
    "CLAUDE_CODE_GATEWAY_TOKEN_FILE_DESCRIPTOR",
    "CLAUDE_CODE_HOST_CREDS_FILE",
    "CLAUDE_CODE_WEBSOCKET_AUTH_FILE_DESCRIPTOR",
    "CCR_AGENT_PROXY_TOKEN_FILE_DESCRIPTOR",
    "CCR_OAUTH_TOKEN_FILE",
    "CLAUDE_CODE_ARTIFACTS_API_TOKEN",
    "CLAUDE_CODE_MEMORY_API_TOKEN",
    "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_SLACK_TAG_TOKEN",
    "CLAUDE_CODE_MCP_SERVE_AUTH_TOKEN",
    "AGENT_PROXY_AUTH_TOKEN",
    "CLAUDE_BG_SESSION_CREDENTIAL",
    "CLAUDE_BG_RV_AUTH",
    "CLAUDE_BG_PTY_AUTH",
    "CLAUDE_BG_CLAIM_AUTH",
    "CLAUDE_BG_SOCKET_TOKENS_PATH",
    "ANTHROPIC_WORK_SECRET",
    "ANTHROPIC_ENVIRONMENT_KEY",
    "ENVIRONMENT_SERVICE_KEY",
    "SELF_HOSTED_RUNNER_WORK_SECRET",
    "SELF_HOSTED_RUNNER_POOL_SECRET",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_GATEWAY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "ANTHROPIC_AWS_API_KEY",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "ANTHROPIC_BEDROCK_MANTLE_API_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
    "CLAUDE_API_KEY",
    "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
    "CLAUDE_CODE_OAUTH_SCOPES",
    "CLAUDE_CODE_SESSION_ACCESS_TOKEN",
    "CLAUDE_CODE_CLIENT_KEY",
    "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
    "CLAUDE_CODE_HOST_AUTH_ENV_VAR",
    "CLAUDE_SESSION_INGRESS_TOKEN_FILE",
    "CLAUDE_TRUSTED_DEVICE_TOKEN",
    "CLAUDE_BRIDGE_OAUTH_TOKEN",
    "ANTHROPIC_API_KEYS",
    "OPENAI_API_KEYS",
    "CURSOR_API_KEYS",
    "CLAUDE_CODE_OAUTH_TOKENS",
    "CLAUDE_FALLBACK_API_KEY",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_CHILD_SESSION",
    "TCR_KEYS",
    "TCR_MASTER_KEY",
    "TCR_",
    "TCR_ANYTHING_NEW",
};

/* What only looks like one of them, or is the user's own setting. */
static const char *const kept[] = {
    "",
    "PATH",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_API_KEY_",
    "XANTHROPIC_API_KEY",
    "anthropic_api_key",
    "ANTHROPIC_API_KE",
    "CLAUDE_CODE_MAX_RETRIES",
    "CLAUDE_CONFIG_DIR",
    "OPENAI_API_KEY",
    "CURSOR_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "TCR",
    "TCRX",
    "MY_TCR_KEYS",
    "SELF_HOSTED_RUNNER_NAME",
    "SELF_HOSTED_RUNNER_SECRET",
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scrubbed); i++)
        if (!environment_is_scrubbed(scrubbed[i], strlen(scrubbed[i])))
            fail_msg("%s stays", scrubbed[i]);
    for (size_t i = 0; i < COUNT(kept); i++)
        if (environment_is_scrubbed(kept[i], strlen(kept[i])))
            fail_msg("%s goes", kept[i]);
}

/* All of each name go, wherever they stand; what is between them stays as it is and where it is. */
static void test_all_duplicates_go(void **state)
{
    (void)state;
    static char entries[3 * COUNT(scrubbed)][80];
    const char *inherited[6 * COUNT(scrubbed) + 1], *expected[3 * COUNT(scrubbed) + 1];
    static const char *const forms[] = {"%s=FAKE", "%s=", "%s"};
    size_t n = 0;
    for (size_t i = 0; i < COUNT(entries); i++) {
        snprintf(entries[i], sizeof entries[i], forms[i / COUNT(scrubbed)],
                 scrubbed[i % COUNT(scrubbed)]);
        inherited[n++] = entries[i];
        inherited[n++] = expected[i] = "SAME=value";
    }
    inherited[n] = NULL;
    expected[COUNT(entries)] = NULL;
    struct environment environment;
    build(inherited, &(struct environment_plan){0}, &environment);
    expect_entries("duplicates", environment.entries, expected);
    environment_finish(&environment);
}

static struct name_list names_of(const char *const *names)
{
    struct name_list list = {0};
    for (; names && *names; names++)
        list.names[list.count++] = *names;
    return list;
}

static const char long_name[] =
    "LONG_0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
    "890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901234=x";

static void test_plans(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *inherited[ENTRIES];
        const char *keep[4], *scrub[4];
        bool clean;
        struct assignment set[4];
        const char *expected[ENTRIES];
    } rows[] = {
        {"nothing", {NULL}, {0}, {0}, false, {{0}}, {NULL}},
        {"odd entries",
         {"A=1", "noequals", "=x", "=", "", "B=", "C==y=z", "A=2", "==", "D=\xff\n\t"},
         {0},
         {0},
         false,
         {{0}},
         {"A=1", "noequals", "=x", "=", "", "B=", "C==y=z", "A=2", "==", "D=\xff\n\t"}},
        {"one credential",
         {"A=1", "CLAUDE_CODE_OAUTH_TOKEN=FAKE1", "ANTHROPIC_API_KEY=FAKE2",
          "CLAUDE_CODE_OAUTH_TOKEN=FAKE3", "B=2"},
         {0},
         {0},
         false,
         {{"CLAUDE_CODE_OAUTH_TOKEN", OAUTH_1}},
         {"A=1", "B=2", "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1}},
        {"set replaces every one of its name",
         {"CURSOR_API_KEY=FAKE1", "A=1", "CURSOR_API_KEY", "CURSOR_API_KEYX=y", "CURSOR_API_KEY="},
         {0},
         {0},
         false,
         {{"CURSOR_API_KEY", "FAKE9"}},
         {"A=1", "CURSOR_API_KEYX=y", "CURSOR_API_KEY=FAKE9"}},
        {"set to nothing removes",
         {"A=1", "B=2", "A=3"},
         {0},
         {0},
         false,
         {{"A", NULL}, {"C", ""}},
         {"B=2", "C="}},
        {"set beats keep",
         {"A=1", "TCR_LOG=FAKE"},
         {"*"},
         {0},
         false,
         {{"A", "2"}},
         {"TCR_LOG=FAKE", "A=2"}},
        {"keep",
         {"ANTHROPIC_API_KEY=FAKE1", "ANTHROPIC_PROFILE=p", "TCR_LOG=l", "ANTHROPIC_API_KEY=FAKE2"},
         {"ANTHROPIC_PRO*", "TCR_???"},
         {0},
         false,
         {{0}},
         {"ANTHROPIC_PROFILE=p", "TCR_LOG=l"}},
        {"scrub",
         {"AWS_REGION=r", "AWS_SECRET=s", "MY_AWS_X=m", "A=1", "AWS_", "A=2", "AB=3"},
         {0},
         {"AWS_*", "A"},
         false,
         {{0}},
         {"MY_AWS_X=m", "AB=3"}},
        {"keep beats scrub",
         {"AWS_REGION=r", "AWS_SECRET=s"},
         {"AWS_REGION"},
         {"AWS_*"},
         false,
         {{0}},
         {"AWS_REGION=r"}},
        {"scrub of a long name", {long_name, "A=1"}, {0}, {"LONG_*"}, false, {{0}}, {"A=1"}},
        {"a pattern sees the name alone",
         {"A=secret", "B=secret"},
         {0},
         {"*secret"},
         false,
         {{0}},
         {"A=secret", "B=secret"}},
        {"clean",
         {"PATH=/bin", "HOME=/home/dev", "EDITOR=vi", "LC_ALL=C", "LC_=", "LANG=C.UTF-8",
          "LANGUAGE=de", "XDG_STATE_HOME=/s", "TZ=UTC", "TERM=xterm", "AWS_SECRET=s", "=x",
          "PATHS=y", "NO_COLOR="},
         {0},
         {0},
         true,
         {{"CLAUDE_CODE_OAUTH_TOKEN", OAUTH_1}},
         {"PATH=/bin", "HOME=/home/dev", "LC_ALL=C", "LC_=", "LANG=C.UTF-8", "XDG_STATE_HOME=/s",
          "TZ=UTC", "TERM=xterm", "NO_COLOR=", "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1}},
        {"clean with keep and scrub",
         {"PATH=/bin", "EDITOR=vi", "HOME=/home/dev"},
         {"EDITOR"},
         {"HOME"},
         true,
         {{0}},
         {"PATH=/bin", "EDITOR=vi"}},
        {"headers",
         {"ANTHROPIC_CUSTOM_HEADERS=X-Team: a\nAuthorization: Bearer FAKE\nX-Trace: b"},
         {0},
         {0},
         false,
         {{0}},
         {"ANTHROPIC_CUSTOM_HEADERS=X-Team: a\nX-Trace: b"}},
        {"headers of every form",
         {"ANTHROPIC_CUSTOM_HEADERS=authorization:FAKE\r\n X-Api-Key : FAKE\nX-Api-Key-Id: k\n"
          "AUTHORIZATION\t: FAKE\nX-Authorization: a\n\nx-api-key: FAKE"},
         {0},
         {0},
         false,
         {{0}},
         {"ANTHROPIC_CUSTOM_HEADERS=X-Api-Key-Id: k\nX-Authorization: a\n"}},
        {"headers without a credential",
         {"ANTHROPIC_CUSTOM_HEADERS=X-Team: a\nX-Trace: b",
          "ANTHROPIC_CUSTOM_HEADERS=", "ANTHROPIC_CUSTOM_HEADERS"},
         {0},
         {0},
         false,
         {{0}},
         {"ANTHROPIC_CUSTOM_HEADERS=X-Team: a\nX-Trace: b",
          "ANTHROPIC_CUSTOM_HEADERS=", "ANTHROPIC_CUSTOM_HEADERS"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct name_list keep = names_of(rows[i].keep), scrub = names_of(rows[i].scrub);
        struct environment_plan plan = {
            .keep = &keep, .scrub = &scrub, .clean = rows[i].clean, .set = rows[i].set};
        while (rows[i].set[plan.set_count].name)
            plan.set_count++;
        struct environment environment;
        build(rows[i].inherited, &plan, &environment);
        expect_entries(rows[i].row, environment.entries, rows[i].expected);
        environment_finish(&environment);
        environment_finish(&environment);
    }
}

/* Neither by its name nor by a pattern. */
static void test_keep_hands_over_no_pool(void **state)
{
    (void)state;
    static const char *const pools[] = {"ANTHROPIC_API_KEYS", "CLAUDE_CODE_OAUTH_TOKENS",
                                        "CURSOR_API_KEYS", "OPENAI_API_KEYS"};
    static const char *const patterns[] = {NULL, "*", "*_KEYS", "*TOKENS", "[A-Z]*"};
    for (size_t i = 0; i < COUNT(pools) * COUNT(patterns); i++) {
        const char *pool = pools[i % COUNT(pools)], *pattern = patterns[i / COUNT(pools)];
        char entry[64];
        snprintf(entry, sizeof entry, "%s=FAKE", pool);
        const char *const inherited[] = {"MINE=1", entry, NULL}, *const expected[] = {"MINE=1",
                                                                                      NULL};
        const char *const names[] = {pattern ? pattern : pool, "MINE", NULL};
        struct name_list keep = names_of(names);
        struct environment environment;
        build(inherited, &(struct environment_plan){.keep = &keep}, &environment);
        expect_entries(names[0], environment.entries, expected);
        environment_finish(&environment);
    }
}

/* Most of a large environment is passed on without a copy. */
static void test_untouched_entries_are_borrowed(void **state)
{
    (void)state;
    static const char *const inherited[] = {"A=1", "ANTHROPIC_API_KEY=FAKE", "B=2", NULL};
    struct environment environment;
    build(inherited, &(struct environment_plan){0}, &environment);
    assert_ptr_equal(environment.entries[0], inherited[0]);
    assert_ptr_equal(environment.entries[1], inherited[2]);
    environment_finish(&environment);
}

static void test_get(void **state)
{
    (void)state;
    static const char *const entries[] = {"AB=no", "A", "A=first", "A=second", "=odd", "E=", NULL};
    static const struct {
        const char *name, *value;
    } rows[] = {{"A", "first"}, {"AB", "no"}, {"E", ""}, {"B", NULL}, {"a", NULL}, {"AB=", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *value = variable_value((char *const *)entries, rows[i].name);
        assert_int_equal(value != NULL, rows[i].value != NULL);
        if (value)
            assert_string_equal(value, rows[i].value);
    }
}

static void test_describes_names_alone(void **state)
{
    (void)state;
    static const struct {
        const char *inherited[ENTRIES], *built[ENTRIES], *text;
    } rows[] = {
        {{"A=1", "B=2"}, {"A=1", "B=2"}, ""},
        {{"A=1", "TCR_KEYS=FAKE"}, {"A=1"}, "- TCR_KEYS\n"},
        {{"A=1"}, {"A=1", "CLAUDE_CODE_OAUTH_TOKEN=FAKE"}, "+ CLAUDE_CODE_OAUTH_TOKEN\n"},
        {{"A=FAKE1", "B=2"}, {"B=2", "A=FAKE2"}, "+ A\n"},
        {{"A=1", "noequals"}, {"A=1"}, "- noequals\n"},
        {{"A", "AB=1"}, {"AB=1"}, "- A\n"},
        {{"A=1", "A=2"}, {"A=3"}, "+ A\n"},
        {{"A=1", "A=2"}, {"A=2"}, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer text = {0};
        environment_describe((char *const *)rows[i].inherited, (char *const *)rows[i].built, &text);
        assert_string_equal(buffer_text(&text), rows[i].text);
        expect_no_secret("names", buffer_text(&text));
        buffer_finish(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_all_duplicates_go),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_keep_hands_over_no_pool),
        cmocka_unit_test(test_untouched_entries_are_borrowed),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_describes_names_alone),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
