#include "core/pool/provider.h"

#include "core/evidence/message.h"
#include "support.h"

#include <string.h>

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum provider provider;
    } rows[] = {
        {"", PROVIDER_UNKNOWN},
        {"exit status 9", PROVIDER_UNKNOWN},
        {"quota of Anthropic", PROVIDER_ANTHROPIC},
        {"CLAUDE is tired", PROVIDER_ANTHROPIC},
        {"OpenAI quota", PROVIDER_OPENAI},
        {"Cursor quota", PROVIDER_CURSOR},
        {"anthropic and openai", PROVIDER_UNKNOWN},
        {"anthropic, claude", PROVIDER_ANTHROPIC},
        {"cursor, claude, openai", PROVIDER_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (provider_of_words(rows[i].line) != rows[i].provider)
            fail_msg("%s", rows[i].line);
}

/* Whose message a known one is. */
static void test_messages(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum provider provider;
    } rows[] = {
        {"You've hit your session limit · resets 11:21pm (UTC)", PROVIDER_ANTHROPIC},
        {"Credit balance is too low", PROVIDER_ANTHROPIC},
        {"API Error: 529 Overloaded", PROVIDER_ANTHROPIC},
        {"anthropic.RateLimitError: Error code: 429 - {'type': 'error'}", PROVIDER_ANTHROPIC},
        {"openai.RateLimitError: Error code: 429 - {'error': {'code': 'insufficient_quota'}}",
         PROVIDER_OPENAI},
        /* the SDK's name goes before what the gateway behind it calls itself */
        {"openai.RateLimitError: Error code: 429 - {'error': {'message': 'AnthropicException'}}",
         PROVIDER_OPENAI},
        {"openai.APIConnectionError: Connection error.", PROVIDER_OPENAI},
        {"anthropic.APITimeoutError: Request timed out.", PROVIDER_ANTHROPIC},
        {"APIConnectionError: Connection error.", PROVIDER_UNKNOWN},
        /* Node's exceptions have no package before them, but another body each */
        {"RateLimitError: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\","
         "\"message\":\"x\"},\"request_id\":\"req_1\"}",
         PROVIDER_ANTHROPIC},
        {"RateLimitError: 429 You exceeded your current quota, please check your plan and billing "
         "details.",
         PROVIDER_OPENAI},
        {"AuthenticationError: 401 Incorrect API key provided: sk-x. You can find your API key at "
         "https://platform.openai.com/account/api-keys.",
         PROVIDER_OPENAI},
        {"RateLimitError: 429 Rate limit reached for gpt-4o in organization org-x",
         PROVIDER_OPENAI},
        {"RateLimitError: 429 too many", PROVIDER_UNKNOWN},
        {"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"openai\"}}",
         PROVIDER_ANTHROPIC},
    };
    const struct reading_time time = {1795209600, &utc_zones};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct finding finding = {0};
        if (!message_classify(rows[i].line, strlen(rows[i].line), &time, &finding))
            fail_msg("not known: %s", rows[i].line);
        if (finding.provider != rows[i].provider)
            fail_msg("%d: %s", finding.provider, rows[i].line);
    }
}

static void test_fields(void **state)
{
    (void)state;
    const struct reading_time time = {1795209600, &utc_zones};
    struct finding finding = {0};
    assert_int_equal(message_classify_structured(429, NULL, "rate limited", &time, &finding), 1);
    assert_int_equal(finding.provider, PROVIDER_ANTHROPIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
