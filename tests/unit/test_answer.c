#include "core/evidence/answer.h"

#include "support.h"

#include <string.h>

#define NOW "2026-11-20T21:20:00Z"
#define OK  "{\"data\":[]}"
#define ERROR(type, message)                                                                       \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"" message "\"}}"
#define REJECTED "HTTP/2 200\r\nAnthropic-Ratelimit-Unified-Status: rejected\r\n"
#define WINDOW   "anthropic-ratelimit-unified-representative-claim:  five_hour \r\n"
#define RESET    "anthropic-ratelimit-unified-reset: 1795215603\r\n"
#define RATES                                                                                      \
    "anthropic-ratelimit-requests-remaining: 0\r\n"                                                \
    "anthropic-ratelimit-requests-reset: 2026-11-20T21:20:30Z\r\n"                                 \
    "anthropic-ratelimit-tokens-remaining: 0\r\n"                                                  \
    "anthropic-ratelimit-tokens-reset: 2026-11-20T21:21:00Z\r\n"                                   \
    "anthropic-ratelimit-input-tokens-remaining: 17\r\n"                                           \
    "anthropic-ratelimit-input-tokens-reset: 2026-11-20T21:59:00Z\r\n"

static const struct row {
    const char *name;
    int status;
    const char *headers, *body;
    enum check_state state;
    enum failure_class class;
    enum failure_scope scope;
    const char *what, *until, *line;
} rows[] = {
    {"valid", 200, "", OK, CHECK_VALID, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"valid, blanks first", 200, "", " \r\n" OK, CHECK_VALID, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"valid, window open", 200, "anthropic-ratelimit-unified-status: allowed_warning\r\n" RESET, OK,
     CHECK_VALID, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"valid, served as extra usage", 200,
     REJECTED RESET WINDOW "anthropic-ratelimit-unified-overage-status: allowed\r\n", OK,
     CHECK_VALID, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"window closed", 200, REJECTED RESET WINDOW, OK, CHECK_LIMITED, CLASS_LIMIT, SCOPE_KEY,
     "session limit", "2026-11-20T23:00:03Z", ""},
    {"a page", 200, "", "<html>log in</html>", CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"nothing", 200, "", "", CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"redirect", 302, "location: https://elsewhere.example/\r\n", "", CHECK_UNCLEAR, CLASS_NONE,
     SCOPE_KEY, "", NULL, ""},
    {"plan limit", 429, REJECTED RESET WINDOW "retry-after: 30\r\n",
     ERROR("rate_limit_error", "This request would exceed your account's rate limit."),
     CHECK_LIMITED, CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:00:03Z",
     "This request would exceed your account's rate limit."},
    {"plan limit by retry-after", 429, REJECTED WINDOW "retry-after: 30\r\n",
     ERROR("rate_limit_error", "x"), CHECK_LIMITED, CLASS_LIMIT, SCOPE_KEY, "session limit",
     "2026-11-20T21:20:30Z", "x"},
    {"one model's window", 429,
     REJECTED RESET "anthropic-ratelimit-unified-representative-claim: seven_day_opus\r\n",
     ERROR("rate_limit_error", "x"), CHECK_LIMITED, CLASS_LIMIT, SCOPE_MODEL, "weekly Opus limit",
     "2026-11-20T23:00:03Z", "x"},
    {"throttled", 429, "Retry-After: 30\r\n", ERROR("rate_limit_error", "Too many"), CHECK_LIMITED,
     CLASS_THROTTLED, SCOPE_ORGANIZATION, "", "2026-11-20T21:20:30Z", "Too many"},
    {"throttled until a date", 429, "retry-after: Fri, 20 Nov 2026 21:25:00 GMT\r\n",
     ERROR("rate_limit_error", "x"), CHECK_LIMITED, CLASS_THROTTLED, SCOPE_ORGANIZATION, "",
     "2026-11-20T21:25:00Z", "x"},
    {"throttled by rates", 429, RATES, ERROR("rate_limit_error", "x"), CHECK_LIMITED,
     CLASS_THROTTLED, SCOPE_ORGANIZATION, "", "2026-11-20T21:21:00Z", "x"},
    {"retry-after before rates", 429, RATES "retry-after: 7\r\n", ERROR("rate_limit_error", "x"),
     CHECK_LIMITED, CLASS_THROTTLED, SCOPE_ORGANIZATION, "", "2026-11-20T21:20:07Z", "x"},
    {"throttled, no time", 429, "", "", CHECK_LIMITED, CLASS_THROTTLED, SCOPE_ORGANIZATION, "",
     NULL, ""},
    {"wrong key", 401, "", ERROR("authentication_error", "invalid x-api-key"), CHECK_REFUSED,
     CLASS_AUTH, SCOPE_KEY, "", NULL, "invalid x-api-key"},
    {"wrong key at Cursor", 401, "", "{\"error\":\"Unauthorized\",\"message\":\"Invalid API key\"}",
     CHECK_REFUSED, CLASS_AUTH, SCOPE_KEY, "", NULL, "Invalid API key"},
    {"a gateway's 401", 401, "", "<html>401</html>", CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "", NULL,
     ""},
    {"forbidden", 403, "",
     ERROR("permission_error", "OAuth authentication is currently not allowed for this "
                               "organization."),
     CHECK_REFUSED, CLASS_FORBIDDEN, SCOPE_KEY, "", NULL,
     "OAuth authentication is currently not allowed for this organization."},
    {"a proxy's 403", 403, "", "<html>blocked</html>", CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "",
     NULL, ""},
    {"scope", 403, "",
     ERROR("permission_error", "OAuth token does not meet scope requirement user:profile"),
     CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "", NULL,
     "OAuth token does not meet scope requirement user:profile"},
    {"no OAuth there", 401, "",
     ERROR("authentication_error", "OAuth authentication is currently not supported."),
     CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "", NULL,
     "OAuth authentication is currently not supported."},
    {"no credit", 400, "",
     ERROR("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
     CHECK_REFUSED, CLASS_BILLING, SCOPE_ORGANIZATION, "", NULL,
     "Your credit balance is too low to access the Anthropic API."},
    {"no quota", 429, "", ERROR("insufficient_quota", "You exceeded your current quota, x."),
     CHECK_REFUSED, CLASS_BILLING, SCOPE_ORGANIZATION, "", NULL,
     "You exceeded your current quota, x."},
    {"not found", 404, "", ERROR("not_found_error", "Not Found"), CHECK_UNCLEAR, CLASS_NONE,
     SCOPE_KEY, "", NULL, "Not Found"},
    {"proxy wants a password", 407, "", "", CHECK_UNCLEAR, CLASS_NONE, SCOPE_KEY, "", NULL, ""},
    {"overloaded", 529, "", ERROR("overloaded_error", "Overloaded"), CHECK_UNREACHABLE,
     CLASS_SERVER, SCOPE_KEY, "", NULL, "Overloaded"},
    {"a gateway's 502", 502, "", "<html>Bad Gateway</html>", CHECK_UNREACHABLE, CLASS_SERVER,
     SCOPE_KEY, "", NULL, ""},
    {"escapes in a message", 404, "", ERROR("x", "\\u001b[31mred\\u0007"), CHECK_UNCLEAR,
     CLASS_NONE, SCOPE_KEY, "", NULL, "red"},
    {"half a body", 401, "", "{\"type\":\"error\",\"error\":{\"ty", CHECK_REFUSED, CLASS_AUTH,
     SCOPE_KEY, "", NULL, ""},
    {"other types", 401, "", "{\"error\":{\"type\":1,\"message\":[]},\"message\":{}}",
     CHECK_REFUSED, CLASS_AUTH, SCOPE_KEY, "", NULL, ""},
};

static struct meaning read_row(const struct row *row)
{
    const struct reading_time time = {instant(NOW), &utc_zones};
    const struct answer answer = {.status = row->status,
                                  .headers = row->headers,
                                  .body = row->body,
                                  .body_length = strlen(row->body)};
    struct meaning meaning;
    answer_read(&answer, &time, &meaning);
    return meaning;
}

static void test_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct meaning meaning = read_row(row);
        const struct finding *finding = &meaning.finding;
        int64_t until = row->until ? instant(row->until) : 0;
        if (meaning.state != row->state || finding->class != row->class ||
            finding->scope != row->scope || finding->until != until)
            fail_msg("%s: %s, class %s, scope %s, until %lld", row->name,
                     check_state_name(meaning.state), failure_class_name(finding->class),
                     failure_scope_name(finding->scope), (long long)finding->until);
        assert_string_equal(finding->what, row->what);
        assert_string_equal(finding->line, row->line);
        assert_string_equal(finding->model, row->scope == SCOPE_MODEL ? "opus" : "");
    }
}

#define CREDIT  "anthropic-ratelimit-unified-overage-disabled-reason: out_of_credits\r\n"
#define LIMITED ERROR("rate_limit_error", "This request would exceed your account's rate limit.")

/* What befalls a request for messages. */
static const struct request {
    const char *name;
    int status;
    const char *headers, *body;
    enum failure_class class;
    bool rests;
    enum failure_scope scope;
    const char *until;
    int64_t retry_after;
    enum provider provider;
} requests[] = {
    {"served", 200, "", "{\"type\":\"message\",\"error\":{}}", CLASS_NONE, false, SCOPE_KEY, NULL,
     -1, 0},
    {"served, window closed since", 200, REJECTED RESET WINDOW, "{\"type\":\"message\"}",
     CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
    {"served by OpenAI", 200, "", "{\"id\":\"r\",\"error\":null}", CLASS_NONE, false, SCOPE_KEY,
     NULL, -1, PROVIDER_OPENAI},
    {"a page", 200, "", "<html>", CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
    {"error for a body", 200, "", LIMITED, CLASS_THROTTLED, false, SCOPE_ORGANIZATION, NULL, -1, 0},
    {"error for a body, window closed", 200, REJECTED RESET WINDOW, LIMITED, CLASS_LIMIT, true,
     SCOPE_KEY, "2026-11-20T23:00:03Z", -1, 0},
    {"overloaded inside", 200, "", ERROR("overloaded_error", "Overloaded"), CLASS_SERVER, false,
     SCOPE_KEY, NULL, -1, 0},
    {"trouble inside", 200, "", ERROR("api_error", "Internal server error"), CLASS_SERVER, false,
     SCOPE_KEY, NULL, -1, 0},
    {"401 inside", 200, "", ERROR("authentication_error", "x"), CLASS_AUTH, true, SCOPE_KEY, NULL,
     -1, 0},
    {"wrong request inside", 200, "", ERROR("invalid_request_error", "x"), CLASS_NONE, false,
     SCOPE_KEY, NULL, -1, 0},
    {"OpenAI's limit inside", 200, "",
     "{\"error\":{\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\",\"message\":\"x\"}}",
     CLASS_THROTTLED, false, SCOPE_ORGANIZATION, NULL, -1, PROVIDER_OPENAI},
    {"plan limit", 429, REJECTED RESET WINDOW "retry-after: 6003\r\n", LIMITED, CLASS_LIMIT, true,
     SCOPE_KEY, "2026-11-20T23:00:03Z", 6003, 0},
    {"one window says so", 429,
     "anthropic-ratelimit-unified-7d-status: rejected\r\n"
     "anthropic-ratelimit-unified-7d-reset: 1795215603\r\n",
     LIMITED, CLASS_LIMIT, true, SCOPE_KEY, "2026-11-20T23:00:03Z", -1, 0},
    {"one model's window says so", 429,
     "anthropic-ratelimit-unified-7d_opus-status: rejected\r\n" RESET, LIMITED, CLASS_LIMIT, true,
     SCOPE_MODEL, "2026-11-20T23:00:03Z", -1, 0},
    {"no plan window, bought usage alone", 429,
     "anthropic-ratelimit-unified-overage-status: rejected\r\n", LIMITED, CLASS_THROTTLED, false,
     SCOPE_ORGANIZATION, NULL, -1, 0},
    {"out of credits, no reset", 429, REJECTED CREDIT, LIMITED, CLASS_BILLING, true, SCOPE_KEY,
     NULL, -1, 0},
    {"out of credits beside a reset", 429, REJECTED RESET CREDIT, LIMITED, CLASS_LIMIT, true,
     SCOPE_KEY, "2026-11-20T23:00:03Z", -1, 0},
    {"throttled", 429, "retry-after: 30\r\n", LIMITED, CLASS_THROTTLED, true, SCOPE_ORGANIZATION,
     "2026-11-20T21:20:30Z", 30, 0},
    {"throttled by rates", 429, RATES, LIMITED, CLASS_THROTTLED, true, SCOPE_ORGANIZATION,
     "2026-11-20T21:21:00Z", -1, 0},
    {"no headers", 429, "", LIMITED, CLASS_THROTTLED, false, SCOPE_ORGANIZATION, NULL, -1, 0},
    {"no body either", 429, "", "", CLASS_THROTTLED, false, SCOPE_ORGANIZATION, NULL, -1, 0},
    {"long context", 429, "",
     ERROR("rate_limit_error", "Extra usage is required for long context requests."), CLASS_LIMIT,
     true, SCOPE_MODEL, NULL, -1, 0},
    {"long context, other words", 429, REJECTED RESET,
     ERROR("rate_limit_error", "Usage credits are required for long context"), CLASS_LIMIT, true,
     SCOPE_MODEL, NULL, -1, 0},
    {"OpenAI's quota", 429, "",
     "{\"error\":{\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\",\"message\":"
     "\"You exceeded your current quota, x\"}}",
     CLASS_BILLING, true, SCOPE_ORGANIZATION, NULL, -1, PROVIDER_OPENAI},
    {"wrong key", 401, "", ERROR("authentication_error", "invalid x-api-key"), CLASS_AUTH, true,
     SCOPE_KEY, NULL, -1, 0},
    {"a proxy's 401", 401, "", "<html>401</html>", CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
    {"outstanding bill", 402, "",
     ERROR("billing_error", "Your account has an outstanding balance."), CLASS_BILLING, true,
     SCOPE_ORGANIZATION, NULL, -1, 0},
    {"forbidden", 403, "", ERROR("permission_error", "x"), CLASS_FORBIDDEN, true, SCOPE_KEY, NULL,
     -1, 0},
    {"a proxy's 403", 403, "", "<html>blocked</html>", CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
    {"no credit", 400, "",
     ERROR("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
     CLASS_BILLING, true, SCOPE_ORGANIZATION, NULL, -1, 0},
    {"wrong request", 400, "", ERROR("invalid_request_error", "prompt is too long: 1 tokens"),
     CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
    {"not found", 404, "", ERROR("not_found_error", "x"), CLASS_NONE, false, SCOPE_KEY, NULL, -1,
     0},
    {"too large", 413, "", ERROR("request_too_large", "x"), CLASS_NONE, false, SCOPE_KEY, NULL, -1,
     0},
    {"not to be understood", 422, "", "", CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
    {"overloaded", 529, "", ERROR("overloaded_error", "Overloaded"), CLASS_SERVER, false, SCOPE_KEY,
     NULL, -1, 0},
    {"unavailable for a while", 503, "Retry-After: 20\r\n", "", CLASS_SERVER, false, SCOPE_KEY,
     NULL, 20, 0},
    {"retry-after is over", 503, "Retry-After: Fri, 20 Nov 2026 21:00:00 GMT\r\n", "", CLASS_SERVER,
     false, SCOPE_KEY, NULL, 0, 0},
    {"redirect", 302, "", "", CLASS_NONE, false, SCOPE_KEY, NULL, -1, 0},
};

static void test_requests(void **state)
{
    (void)state;
    const struct reading_time time = {instant(NOW), &utc_zones};
    for (size_t i = 0; i < COUNT(requests); i++) {
        const struct request *row = &requests[i];
        const struct answer answer = {.status = row->status,
                                      .headers = row->headers,
                                      .body = row->body,
                                      .body_length = strlen(row->body),
                                      .provider = row->provider};
        struct meaning meaning;
        answer_read_request(&answer, &time, &meaning);
        const struct finding *finding = &meaning.finding;
        int64_t until = row->until ? instant(row->until) : 0;
        if (finding->class != row->class || meaning.rests != row->rests ||
            finding->scope != row->scope || finding->until != until ||
            meaning.retry_after != row->retry_after)
            fail_msg("%s: class %s, rests %d, scope %s, until %lld, retry after %lld", row->name,
                     failure_class_name(finding->class), meaning.rests,
                     failure_scope_name(finding->scope), (long long)finding->until,
                     (long long)meaning.retry_after);
        if (row->provider && finding->class != CLASS_NONE)
            assert_int_equal(finding->provider, row->provider);
        assert_int_equal(finding->source, SOURCE_RESULT);
    }
}

static void test_advice(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool should_not;
    } cases[] = {
        {"", false}, {"x-should-retry: true\r\n", false}, {"X-Should-Retry: FALSE\r\n", true}};
    const struct reading_time time = {instant(NOW), &utc_zones};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct answer answer = {.status = 529, .headers = cases[i].headers, .body = ""};
        struct meaning meaning;
        answer_read_request(&answer, &time, &meaning);
        assert_int_equal(meaning.should_not_retry, cases[i].should_not);
    }
}

static void test_organizations(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *id;
    } cases[] = {
        {"anthropic-organization-id: 0b5a1a1e-0000\r\n", "0b5a1a1e-0000"},
        {"x: y\r\nAnthropic-Organization-Id:org_1\r\nz: 1\r\n", "org_1"},
        {"anthropic-organization-id:\r\nanthropic-organization-id: second\r\n", ""},
        {"x-anthropic-organization-id: other\r\n", ""},
        {"anthropic-organization-id: two words\r\n", ""},
        {"anthropic-organization-id: \x1b[31m\r\n", ""},
        {"anthropic-organization-id: "
         "0123456789012345678901234567890123456789012345678901234567890123\r\n",
         "0123456789012345678901234567890123456789012345678901234567890123"},
        {"anthropic-organization-id: "
         "01234567890123456789012345678901234567890123456789012345678901234\r\n",
         ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct row row = {.status = 200, .headers = cases[i].headers, .body = OK};
        struct meaning meaning = read_row(&row);
        assert_string_equal(meaning.organization, cases[i].id);
        row.status = 401;
        assert_string_equal(read_row(&row).organization, cases[i].id);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(check_state_name(CHECK_VALID), "valid");
    assert_string_equal(check_state_name(CHECK_LIMITED), "limited");
    assert_string_equal(check_state_name(CHECK_REFUSED), "refused");
    assert_string_equal(check_state_name(CHECK_UNREACHABLE), "unreachable");
    assert_string_equal(check_state_name(CHECK_UNCLEAR), "unchecked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_advice),   cmocka_unit_test(test_organizations),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
