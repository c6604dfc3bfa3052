#include "core/pool/destination.h"

#include "support.h"

#include <string.h>

#define PROXY "ANTHROPIC_BASE_URL=https://proxy.corp"

static struct key key_of(enum kind_id id, const char *token)
{
    return (struct key){.kind = kind_make(id), .kind_known = true, .token = token};
}

static void check(const struct key *key, char *const *environment, enum destination_from from,
                  const char *url, const char *set_for)
{
    struct destination to = destination_of(key, environment);
    if (to.from != from || strcmp(to.url, url) != 0 ||
        strcmp(to.set_for ? to.set_for : "", set_for) != 0)
        fail_msg("expected %d %s (%s), got %d %s (%s)", from, url, set_for, to.from, to.url,
                 to.set_for ? to.set_for : "");
}

static void test_environment(void **state)
{
    (void)state;
    static const struct {
        const char *environment[4];
        enum kind_id kind;
        const char *token;
        enum destination_from from;
        const char *url, *set_for;
    } rows[] = {
        {{NULL}, KIND_OAUTH, OAUTH_1, DESTINATION_PROVIDER, "https://api.anthropic.com", ""},
        {{"ANTHROPIC_BASE_URL=", NULL},
         KIND_API,
         API_1,
         DESTINATION_PROVIDER,
         "https://api.anthropic.com",
         ""},
        {{PROXY, NULL}, KIND_OAUTH, OAUTH_1, DESTINATION_ENVIRONMENT, "https://proxy.corp", ""},
        {{PROXY, NULL}, KIND_CONFIG_DIR, NULL, DESTINATION_ENVIRONMENT, "https://proxy.corp", ""},
        /* Set for a token that stands beside it. */
        {{PROXY, "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", NULL},
         KIND_OAUTH,
         OAUTH_1,
         DESTINATION_PROVIDER,
         "https://api.anthropic.com",
         "ANTHROPIC_AUTH_TOKEN"},
        {{PROXY, "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", NULL},
         KIND_BEARER,
         "FAKE-proxy",
         DESTINATION_ENVIRONMENT,
         "https://proxy.corp",
         ""},
        {{PROXY, "ANTHROPIC_API_KEY=" API_1, NULL},
         KIND_API,
         API_2,
         DESTINATION_PROVIDER,
         "https://api.anthropic.com",
         "ANTHROPIC_API_KEY"},
        {{PROXY, "ANTHROPIC_API_KEY=" API_1, NULL},
         KIND_API,
         API_1,
         DESTINATION_ENVIRONMENT,
         "https://proxy.corp",
         ""},
        {{PROXY, "ANTHROPIC_API_KEY=" API_1, "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", NULL},
         KIND_API,
         API_1,
         DESTINATION_PROVIDER,
         "https://api.anthropic.com",
         "ANTHROPIC_AUTH_TOKEN"},
        /* An empty variable is one that is not set; another provider's says nothing. */
        {{PROXY, "ANTHROPIC_AUTH_TOKEN=", "OPENAI_API_KEY=sk-FAKE", NULL},
         KIND_OAUTH,
         OAUTH_1,
         DESTINATION_ENVIRONMENT,
         "https://proxy.corp",
         ""},
        {{PROXY, "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", NULL},
         KIND_OPENAI,
         "sk-FAKE-1",
         DESTINATION_PROVIDER,
         "https://api.openai.com/v1",
         ""},
        {{"OPENAI_BASE_URL=https://o.corp/v1", NULL},
         KIND_OPENAI,
         "sk-FAKE-1",
         DESTINATION_ENVIRONMENT,
         "https://o.corp/v1",
         ""},
        {{"OPENAI_BASE_URL=https://o.corp/v1", "OPENAI_API_KEY=sk-FAKE-2", NULL},
         KIND_OPENAI,
         "sk-FAKE-1",
         DESTINATION_PROVIDER,
         "https://api.openai.com/v1",
         "OPENAI_API_KEY"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct key key = key_of(rows[i].kind, rows[i].token);
        check(&key, (char *const *)rows[i].environment, rows[i].from, rows[i].url, rows[i].set_for);
    }
}

static void test_key(void **state)
{
    (void)state;
    static const char *const proxied[] = {PROXY, "ANTHROPIC_AUTH_TOKEN=FAKE-proxy", NULL};
    static const char *const address[] = {PROXY, NULL};
    char *const *proxy = (char *const *)proxied, *const *alone = (char *const *)address;
    struct key key = key_of(KIND_API, API_1);
    key.base_url = "https://own.example";
    check(&key, proxy, DESTINATION_KEY, "https://own.example", "");
    key = key_of(KIND_API, API_1);
    key.at_provider = true;
    check(&key, alone, DESTINATION_PROVIDER, "https://api.anthropic.com", "");
    key.base_url = "https://own.example";
    check(&key, alone, DESTINATION_KEY, "https://own.example", "");
    /* Until its command has told the token, a key is taken for one of Anthropic's. */
    key = (struct key){.source = KEY_COMMAND};
    check(&key, alone, DESTINATION_ENVIRONMENT, "https://proxy.corp", "");
    check(&key, proxy, DESTINATION_PROVIDER, "https://api.anthropic.com", "ANTHROPIC_AUTH_TOKEN");
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const address[] = {PROXY, NULL};
    char *const *environment = (char *const *)address;
    struct key key = {.kind_known = true};
    assert_true(kind_from_variable("MY_KEY", &key.kind));
    struct destination to = destination_of(&key, environment);
    assert_int_equal(to.from, DESTINATION_UNKNOWN);
    assert_null(to.url);
    assert_null(to.variable);
    assert_null(destination_bound(PROVIDER_UNKNOWN, environment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
