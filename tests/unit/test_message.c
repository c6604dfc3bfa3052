#include "core/evidence/message.h"

#include "core/evidence/plain.h"
#include "core/evidence/window.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW "2026-11-20T21:20:00Z"

static struct reading_time reading_time(void)
{
    return (struct reading_time){instant(NOW), &utc_zones};
}

/* NULL for model, what or until: none. The columns of the wordings' tables. */
struct wording {
    const char *line;
    enum failure_class class;
    enum failure_scope scope;
    const char *model, *what, *until;
};

static void expect_text(const char *line, const char *column, const char *got, const char *expected)
{
    if (strcmp(got, expected ? expected : "") != 0)
        fail_msg("%s: %s is \"%s\", not \"%s\"", line, column, got, expected ? expected : "");
}

static void expect_finding(const struct finding *finding, const struct wording *row)
{
    int64_t until = row->until ? instant(row->until) : 0;
    expect_text(row->line, "class", failure_class_name(finding->class),
                failure_class_name(row->class));
    expect_text(row->line, "scope", failure_scope_name(finding->scope),
                failure_scope_name(row->scope));
    expect_text(row->line, "model", finding->model, row->model);
    expect_text(row->line, "what", finding->what, row->what);
    if (finding->until != until)
        fail_msg("%s: until %lld, not %lld", row->line, (long long)finding->until,
                 (long long)until);
}

/* In memory of its own size, so that the sanitizer sees a byte read too many. */
static bool classify(const char *line, size_t length, struct finding *ret_finding)
{
    const struct reading_time time = reading_time();
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, line, length);
    bool known = message_classify(copy + 1, length, &time, ret_finding) > 0;
    test_free(copy);
    return known;
}

static void check(const struct wording *row)
{
    struct finding finding = {.until = -7};
    bool known = classify(row->line, strlen(row->line), &finding);
    if (known != (row->class != CLASS_NONE))
        fail_msg("%s: %s", row->line, known ? failure_class_name(finding.class) : "not known");
    if (known)
        expect_finding(&finding, row);
    else
        assert_int_equal(finding.until, -7);
}

static void check_all(const struct wording *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(&rows[i]);
}

#define KEY          SCOPE_KEY, NULL
#define MODEL(model) SCOPE_MODEL, model
#define ORGANIZATION SCOPE_ORGANIZATION, NULL

/* Plan windows as old and new clients word them. */
static const struct wording limits[] = {
    {"You've hit your session limit · resets 11:21pm (UTC)", CLASS_LIMIT, KEY, "session limit",
     "2026-11-20T23:21:00Z"},
    {"You've hit your 5-hour limit · resets 11:23pm (UTC)", CLASS_LIMIT, KEY, "5-hour limit",
     "2026-11-20T23:23:00Z"},
    {"You've hit your weekly limit · resets Nov 24, 8:41am (UTC)", CLASS_LIMIT, KEY, "weekly limit",
     "2026-11-24T08:41:00Z"},
    {"You've hit your limit · resets 8am (UTC)", CLASS_LIMIT, KEY, NULL, "2026-11-21T08:00:00Z"},
    {"You've hit your limit", CLASS_LIMIT, KEY, NULL, NULL},
    {"You've hit your usage limit.", CLASS_LIMIT, KEY, "usage limit", NULL},
    {"You\xe2\x80\x99ve hit your session limit · resets 11pm (UTC)", CLASS_LIMIT, KEY,
     "session limit", "2026-11-20T23:00:00Z"},
    {"You've hit your session limit • resets 11pm (UTC)", CLASS_LIMIT, KEY, "session limit",
     "2026-11-20T23:00:00Z"},
    {"You've hit your session limit ∙ resets 11pm (UTC)", CLASS_LIMIT, KEY, "session limit",
     "2026-11-20T23:00:00Z"},
    {"You have reached your weekly limit. Your limit will reset at 1pm (UTC).", CLASS_LIMIT, KEY,
     "weekly limit", "2026-11-21T13:00:00Z"},
    {"  You've hit your session limit · resets 11pm (UTC)  ", CLASS_LIMIT, KEY, "session limit",
     "2026-11-20T23:00:00Z"},
    {"YOU'VE HIT YOUR SESSION LIMIT · RESETS 11PM (UTC)", CLASS_LIMIT, KEY, "SESSION LIMIT",
     "2026-11-20T23:00:00Z"},
    {"Claude usage limit reached. Your limit will reset at 1pm (UTC)", CLASS_LIMIT, KEY,
     "usage limit", "2026-11-21T13:00:00Z"},
    {"Claude AI usage limit reached|1795216945", CLASS_LIMIT, KEY, "AI usage limit",
     "2026-11-20T23:22:25Z"},
    {"Claude AI usage limit reached|1747909518", CLASS_LIMIT, KEY, "AI usage limit",
     "2025-05-22T10:25:18Z"},
    {"5-hour limit reached ∙ resets 5am", CLASS_LIMIT, KEY, "5-hour limit", "2026-11-21T05:00:00Z"},
    {"5-hour limit reached · resets 2am (UTC) · /upgrade to Max 20x or turn on /extra-usage",
     CLASS_LIMIT, KEY, "5-hour limit", "2026-11-21T02:00:00Z"},
    {"Session limit reached ∙ resets 5am", CLASS_LIMIT, KEY, "Session limit",
     "2026-11-21T05:00:00Z"},
    {"Weekly limit reached ∙ resets Nov 24", CLASS_LIMIT, KEY, "Weekly limit",
     "2026-11-24T00:00:00Z"},
    {"Limit reached · resets Dec 17 at 6am (UTC)", CLASS_LIMIT, KEY, NULL, "2026-12-17T06:00:00Z"},
    {"You've hit your org's monthly usage limit", CLASS_LIMIT, KEY, "org's monthly usage limit",
     NULL},
    {"You've hit your monthly spend limit · raise it at claude.ai/settings/usage", CLASS_LIMIT, KEY,
     "monthly spend limit", NULL},
    {"You're out of extra usage · resets Feb 4, 8pm (UTC)", CLASS_LIMIT, KEY, NULL,
     "2027-02-04T20:00:00Z"},
    {"You're out of usage credits. Add more to keep going.", CLASS_LIMIT, KEY, NULL, NULL},
    {"You\xe2\x80\x99re out of extra usage", CLASS_LIMIT, KEY, NULL, NULL},
};

/* One model's window: the key still serves the others. */
static const struct wording model_limits[] = {
    {"You've hit your Opus limit · resets Nov 25, 2:14am (UTC)", CLASS_LIMIT, MODEL("opus"),
     "Opus limit", "2026-11-25T02:14:00Z"},
    {"You've reached your Sonnet limit. Switch models with /model.", CLASS_LIMIT, MODEL("sonnet"),
     "Sonnet limit", NULL},
    {"You've hit your weekly Opus limit · resets 5am", CLASS_LIMIT, MODEL("opus"),
     "weekly Opus limit", "2026-11-21T05:00:00Z"},
    {"You've hit your Sonnet 4.5 limit. It resets at 5am", CLASS_LIMIT, MODEL("sonnet"),
     "Sonnet 4.5 limit", "2026-11-21T05:00:00Z"},
    {"You've hit your Fable 5 limit · resets 5am", CLASS_LIMIT, MODEL("fable"), "Fable 5 limit",
     "2026-11-21T05:00:00Z"},
    {"Opus weekly limit reached ∙ resets Nov 24", CLASS_LIMIT, MODEL("opus"), "Opus weekly limit",
     "2026-11-24T00:00:00Z"},
    {"Sonnet limit reached ∙ resets 5am", CLASS_LIMIT, MODEL("sonnet"), "Sonnet limit",
     "2026-11-21T05:00:00Z"},
};

static const struct wording refusals[] = {
    {"Failed to authenticate. API Error: 401 Invalid bearer token", CLASS_AUTH, KEY, NULL, NULL},
    {"Failed to authenticate: OAuth session expired", CLASS_AUTH, KEY, NULL, NULL},
    {"Invalid API key · Fix external API key", CLASS_AUTH, KEY, NULL, NULL},
    {"Invalid API key · Please run /login", CLASS_AUTH, KEY, NULL, NULL},
    {"Not logged in · Please run /login", CLASS_AUTH, KEY, NULL, NULL},
    {"OAuth token revoked · Please run /login", CLASS_AUTH, KEY, NULL, NULL},
    {"Invalid bearer token", CLASS_AUTH, KEY, NULL, NULL},
    {"Invalid bearer token  ", CLASS_AUTH, KEY, NULL, NULL},
    {"OAuth token has expired · Please run /login", CLASS_AUTH, KEY, NULL, NULL},
    {"Please run /login · API Error: 401 Invalid authentication credentials", CLASS_AUTH, KEY, NULL,
     NULL},
    {"API Error: 401 {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":"
     "\"OAuth token has expired.\"}} · Please run /login",
     CLASS_AUTH, KEY, NULL, NULL},
    {"Failed to authenticate. API Error: 403 {\"type\":\"error\"}", CLASS_FORBIDDEN, KEY, NULL,
     NULL},
    {"Please run /login · API Error: 403 Request not allowed", CLASS_FORBIDDEN, KEY, NULL, NULL},
    {"API Error: 403 Your account does not have access", CLASS_FORBIDDEN, KEY, NULL, NULL},
    {"Your organization has disabled Claude subscription access for Claude Code · Use an Anthropic "
     "API key instead, or ask your admin to enable access",
     CLASS_FORBIDDEN, KEY, NULL, NULL},
    {"Your account does not have access to Claude Code. Please run /login.", CLASS_FORBIDDEN, KEY,
     NULL, NULL},
    {"This organization has been disabled.", CLASS_FORBIDDEN, KEY, NULL, NULL},
    {"OAuth authentication is currently not supported.", CLASS_FORBIDDEN, KEY, NULL, NULL},
    {"Credit balance is too low", CLASS_BILLING, ORGANIZATION, NULL, NULL},
    {"Your credit balance is too low to access the Anthropic API.", CLASS_BILLING, ORGANIZATION,
     NULL, NULL},
    {"API Error: 400 You have reached your specified API usage limits. You will regain access on "
     "2026-12-01 at 00:00 UTC.",
     CLASS_BILLING, ORGANIZATION, NULL, "2026-12-01T00:00:00Z"},
};

/* A short 429, or trouble that is not the key's. */
static const struct wording passing[] = {
    {"API Error: Server is temporarily limiting requests (not your usage limit) · Number of "
     "request "
     "tokens has exceeded your per-minute rate limit",
     CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"API Error: Request rejected (429) · This request would exceed your organization's rate limit "
     "of 30,000 input tokens per minute",
     CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"API Error: Rate limit reached", CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"API Error: 429 {\"type\":\"error\"}", CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"API Error (429 Too Many Requests)", CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"API Error: 429 Too many requests, retry after 30 seconds", CLASS_THROTTLED, ORGANIZATION,
     NULL, "2026-11-20T21:20:30Z"},
    {"API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a "
     "moment.",
     CLASS_SERVER, KEY, NULL, NULL},
    {"API Error: 500 Internal server error.", CLASS_SERVER, KEY, NULL, NULL},
    {"API Error (503 Service Unavailable)", CLASS_SERVER, KEY, NULL, NULL},
    {"API Error: Repeated 529 Overloaded errors", CLASS_SERVER, KEY, NULL, NULL},
    {"API Error: Overloaded", CLASS_SERVER, KEY, NULL, NULL},
    {"API Error: Unable to connect to API (ECONNRESET)", CLASS_NETWORK, KEY, NULL, NULL},
    {"API Error: Connection error.", CLASS_NETWORK, KEY, NULL, NULL},
    {"API Error: Request timed out.", CLASS_NETWORK, KEY, NULL, NULL},
    {"API Error (Connection error.)", CLASS_NETWORK, KEY, NULL, NULL},
};

/* The Anthropic and OpenAI SDKs' exceptions, of Node and of Python. */
static const struct wording exceptions[] = {
    {"RateLimitError: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
     "\"This request would exceed your organization's rate limit\"}}",
     CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"Uncaught RateLimitError: 429 {\"type\":\"error\"}", CLASS_THROTTLED, ORGANIZATION, NULL,
     NULL},
    {"[RateLimitError: 429 {\"type\":\"error\"}] {", CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"AuthenticationError: 401 {\"type\":\"error\"}", CLASS_AUTH, KEY, NULL, NULL},
    {"PermissionDeniedError: 403 {\"type\":\"error\"}", CLASS_FORBIDDEN, KEY, NULL, NULL},
    {"OverloadedError: 529 {\"type\":\"error\"}", CLASS_SERVER, KEY, NULL, NULL},
    {"InternalServerError: 500 {\"type\":\"error\"}", CLASS_SERVER, KEY, NULL, NULL},
    {"APIConnectionError: Connection error.", CLASS_NETWORK, KEY, NULL, NULL},
    {"BadRequestError: 400 {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
     "\"message\":\"Your credit balance is too low to access the Anthropic API.\"}}",
     CLASS_BILLING, ORGANIZATION, NULL, NULL},
    {"Error: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"x\"}}",
     CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
     CLASS_SERVER, KEY, NULL, NULL},
    {"anthropic.RateLimitError: Error code: 429 - {'type': 'error', 'error': {'type': "
     "'rate_limit_error', 'message': 'This request would exceed your rate limit'}}",
     CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"    | anthropic.RateLimitError: Error code: 429 - {'type': 'error'}", CLASS_THROTTLED,
     ORGANIZATION, NULL, NULL},
    {"anthropic.AuthenticationError: Error code: 401 - {'type': 'error'}", CLASS_AUTH, KEY, NULL,
     NULL},
    {"anthropic.PermissionDeniedError: Error code: 403 - {'type': 'error'}", CLASS_FORBIDDEN, KEY,
     NULL, NULL},
    {"anthropic.InternalServerError: Error code: 529 - {'type': 'error'}", CLASS_SERVER, KEY, NULL,
     NULL},
    {"anthropic.APIStatusError: Error code: 529 - {'type': 'error'}", CLASS_SERVER, KEY, NULL,
     NULL},
    {"anthropic.APIConnectionError: Connection error.", CLASS_NETWORK, KEY, NULL, NULL},
    {"anthropic.APITimeoutError: Request timed out.", CLASS_NETWORK, KEY, NULL, NULL},
    {"anthropic.BadRequestError: Error code: 400 - {'type': 'error', 'error': {'type': "
     "'invalid_request_error', 'message': 'Your credit balance is too low'}}",
     CLASS_BILLING, ORGANIZATION, NULL, NULL},
    {"openai.RateLimitError: Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
     CLASS_THROTTLED, ORGANIZATION, NULL, NULL},
    {"openai.RateLimitError: Error code: 429 - {'error': {'code': 'insufficient_quota'}}",
     CLASS_BILLING, ORGANIZATION, NULL, NULL},
};

/* What only looks like a used-up key. */
static const struct wording near_misses[] = {
    {"You've used 74% of your weekly limit · resets Nov 24, 8:41am (UTC)", CLASS_NONE, KEY, NULL,
     NULL},
    {"You're close to your usage limit · resets 11pm (UTC)", CLASS_NONE, KEY, NULL, NULL},
    {"You're close to your session limit", CLASS_NONE, KEY, NULL, NULL},
    {"You\xe2\x80\x99re now using usage credits · your session limit resets 11pm", CLASS_NONE, KEY,
     NULL, NULL},
    {"You're now using extra usage", CLASS_NONE, KEY, NULL, NULL},
    {"Now using extra usage", CLASS_NONE, KEY, NULL, NULL},
    {"Approaching usage limit · resets at 5am", CLASS_NONE, KEY, NULL, NULL},
    {"Prompt is too long", CLASS_NONE, KEY, NULL, NULL},
    {"API Error: 400 Prompt is too long", CLASS_NONE, KEY, NULL, NULL},
    {"API Error: 404 model: claude-none-1", CLASS_NONE, KEY, NULL, NULL},
    {"API Error: 413 Request too large", CLASS_NONE, KEY, NULL, NULL},
    {"API Error: Claude's response exceeded the 32000 output token maximum", CLASS_NONE, KEY, NULL,
     NULL},
    {"BadRequestError: 400 {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"}}",
     CLASS_NONE, KEY, NULL, NULL},
    {"anthropic.NotFoundError: Error code: 404 - {'type': 'error'}", CLASS_NONE, KEY, NULL, NULL},
    {"Error: Session ID 224b85f7-45af-4888-88d2-20a968e59aaa is already in use.", CLASS_NONE, KEY,
     NULL, NULL},
    {"No conversation found with session ID: 224b85f7-45af-4888-88d2-20a968e59aaa", CLASS_NONE, KEY,
     NULL, NULL},
    {"Execution error", CLASS_NONE, KEY, NULL, NULL},
    {"", CLASS_NONE, KEY, NULL, NULL},
    {"   ", CLASS_NONE, KEY, NULL, NULL},
    {"{}", CLASS_NONE, KEY, NULL, NULL},
    {"{\"type\":\"ratelimit\",\"error\":{\"type\":\"rate_limit_error\"}}", CLASS_NONE, KEY, NULL,
     NULL},
};

/* Prose that quotes or explains limits, and other programs' troubles. */
static const struct wording others[] = {
    {"The client printed \"You've hit your session limit · resets 11pm (UTC)\".", CLASS_NONE, KEY,
     NULL, NULL},
    {"> You've hit your session limit · resets 11pm (UTC)", CLASS_NONE, KEY, NULL, NULL},
    {"You've hit your weekly limit when the client says so and exits with 1.", CLASS_NONE, KEY,
     NULL, NULL},
    {"You've hit the limit of what one file may hold", CLASS_NONE, KEY, NULL, NULL},
    {"| You've hit your session limit | wait for the reset |", CLASS_NONE, KEY, NULL, NULL},
    {"You've reached the limits of this approach", CLASS_NONE, KEY, NULL, NULL},
    {"You have exceeded your disk limit", CLASS_NONE, KEY, NULL, NULL},
    {"disk limit reached", CLASS_NONE, KEY, NULL, NULL},
    {"disk usage limit reached", CLASS_NONE, KEY, NULL, NULL},
    {"Limit reached, resetting the connection", CLASS_NONE, KEY, NULL, NULL},
    {"Limit reached", CLASS_NONE, KEY, NULL, NULL},
    {"Usage limits are explained at https://example.test", CLASS_NONE, KEY, NULL, NULL},
    {"An API error 429 means that requests come too fast.", CLASS_NONE, KEY, NULL, NULL},
    {"HTTPError: 429", CLASS_NONE, KEY, NULL, NULL},
    {"HTTPError: 429 Client Error: Too Many Requests for url: https://example.test/", CLASS_NONE,
     KEY, NULL, NULL},
    {"requests.exceptions.HTTPError: 429 Client Error: Too Many Requests", CLASS_NONE, KEY, NULL,
     NULL},
    {"urllib.error.HTTPError: HTTP Error 401: Unauthorized", CLASS_NONE, KEY, NULL, NULL},
    {"Error: 429 Too Many Requests", CLASS_NONE, KEY, NULL, NULL},
    {"Error: 401 {\"message\":\"Bad credentials\"}", CLASS_NONE, KEY, NULL, NULL},
    {"redis.exceptions.AuthenticationError: invalid password", CLASS_NONE, KEY, NULL, NULL},
    {"AuthenticationError: invalid username", CLASS_NONE, KEY, NULL, NULL},
    {"github.RateLimitExceededException: 403", CLASS_NONE, KEY, NULL, NULL},
    {"ConnectionError: refused", CLASS_NONE, KEY, NULL, NULL},
    {"RateLimitError: 4290 requests", CLASS_NONE, KEY, NULL, NULL},
    {"API Error: 4290", CLASS_NONE, KEY, NULL, NULL},
    {"KeyError: 'rate_limit'", CLASS_NONE, KEY, NULL, NULL},
    {"  status: 429,", CLASS_NONE, KEY, NULL, NULL},
    {"  type: 'rate_limit_error',", CLASS_NONE, KEY, NULL, NULL},
    {"fatal: Authentication failed for 'https://example.test/'", CLASS_NONE, KEY, NULL, NULL},
    {"Failed to authenticate with the registry", CLASS_NONE, KEY, NULL, NULL},
    {"Failed to authenticate: invalid password", CLASS_NONE, KEY, NULL, NULL},
    {"Invalid API key for the weather service", CLASS_NONE, KEY, NULL, NULL},
    {"Not logged in to any host", CLASS_NONE, KEY, NULL, NULL},
    {"Your access token has expired, run az login", CLASS_NONE, KEY, NULL, NULL},
    {"Your account has been disabled", CLASS_NONE, KEY, NULL, NULL},
    {"Your organization has 3 members", CLASS_NONE, KEY, NULL, NULL},
    {"Your session has expired", CLASS_NONE, KEY, NULL, NULL},
    {"Invalid option --api-key", CLASS_NONE, KEY, NULL, NULL},
};

#define FAMILY(table)                                                                              \
    {                                                                                              \
#table, table, COUNT(table)                                                                \
    }

static const struct {
    const char *name;
    const struct wording *rows;
    size_t count;
} families[] = {
    FAMILY(limits),     FAMILY(model_limits), FAMILY(refusals), FAMILY(passing),
    FAMILY(exceptions), FAMILY(near_misses),  FAMILY(others),
};

static void test_limits(void **state)
{
    (void)state;
    check_all(limits, COUNT(limits));
    check_all(model_limits, COUNT(model_limits));
}

static void test_refusals(void **state)
{
    (void)state;
    check_all(refusals, COUNT(refusals));
}

static void test_passing_trouble(void **state)
{
    (void)state;
    check_all(passing, COUNT(passing));
}

static void test_exceptions(void **state)
{
    (void)state;
    check_all(exceptions, COUNT(exceptions));
}

static void test_near_misses(void **state)
{
    (void)state;
    check_all(near_misses, COUNT(near_misses));
    check_all(others, COUNT(others));
}

/* What a terminal, another system or a pager puts around a line changes nothing. */
static void test_wrappings(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } wrappings[] = {
        {"", "\r"},
        {"", "\x1b[?25h\x1b[?1004l\x1b]0;\a"},
        {"\x1b[31m", "\x1b[0m"},
        {"\x1b[1;38;5;203m", "\x1b[22;39m\r"},
        {"\x1b]0;claude\a", ""},
        {"\x1b]8;;https://example.test\x1b\\", "\x1b]8;;\x1b\\"},
        {"\x1b(B\x1b[m", "\x1b(B\x1b[m"},
        {"\x1b[?2004l\r", "\x1b[?2004h"},
        {"\x1b"
         "7\x1b[2K\r  ",
         "\x1b"
         "8"},
        {"\t", "\t\x1b["},
    };
    for (size_t f = 0; f < COUNT(families); f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            const size_t w = (f + i) % COUNT(wrappings);
            struct wording row = families[f].rows[i];
            struct buffer line = {0};
            buffer_append_format(&line, "%s%s%s", wrappings[w].before, row.line,
                                 wrappings[w].after);
            row.line = buffer_text(&line);
            check(&row);
            buffer_finish(&line);
        }
    }
}

/* A line may be cut anywhere by a read: no beginning of a known message may be ruled out. */
static void test_no_beginning_is_ruled_out(void **state)
{
    (void)state;
    static const char *const before[] = {"", " ", "\x1b[31m", "\x1b]0;title\a", "\x1b(B\x1b[m\r"};
    for (size_t f = 0; f < COUNT(families); f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            const struct wording *row = &families[f].rows[i];
            struct buffer line = {0};
            buffer_append_format(&line, "%s%s", before[i % COUNT(before)], row->line);
            for (size_t n = 0; row->class != CLASS_NONE && n <= line.length; n++)
                if (!message_may_start(line.data, n))
                    fail_msg("%s: the first %zu bytes", row->line, n);
            buffer_finish(&line);
        }
    }
}

/* Most lines are ruled out at once: nothing is held up for them. */
static void test_most_lines_are_ruled_out(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "hello",     "const x = 1;", "- item", "# Heading", "3 files changed", "\x1b[32mok",
        "\xc3\xa4",  "The API",      "I have", "}",         "pong from fake",  "    at f (x:1)",
        "Yours too", "youth",        "0",      "$ make",    "status: 429",     "\x01",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        if (message_may_start(lines[i], strlen(lines[i])))
            fail_msg("%s is not ruled out", lines[i]);
}

static void test_shown_line(void **state)
{
    (void)state;
    static const struct {
        const char *line, *shown;
    } rows[] = {
        {"\x1b[31m  You've hit your limit\x1b[0m\r", "You've hit your limit"},
        {"Not logged\tin · Please run /login", "Not logged in · Please run /login"},
        {"\x1b]0;x\aCredit balance is too low", "Credit balance is too low"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct finding finding;
        assert_true(classify(rows[i].line, strlen(rows[i].line), &finding));
        assert_string_equal(finding.line, rows[i].shown);
    }
}

static void test_long_lines(void **state)
{
    (void)state;
    static const char start[] = "API Error: 429 ";
    struct finding finding;
    char *line = test_malloc(9000);
    memset(line, 'x', 9000);
    memcpy(line, start, sizeof start - 1);
    assert_true(classify(line, 8192, &finding));
    assert_int_equal(strlen(finding.line), FINDING_TEXT - 1);
    assert_false(classify(line, 9000, &finding));
    test_free(line);
}

/* Any bytes at all: nothing is known of them, and nothing bad happens. */
static void test_noise(void **state)
{
    (void)state;
    static const char alphabet[] =
        "\x1b[]P?;0m\a\\|{}\"' yYou'veAPIErrorlimit429\0\r\t\x80\xe2\xff";
    unsigned seed = 1;
    char line[80];
    struct finding finding;
    for (int round = 0; round < 3000; round++) {
        size_t length = (size_t)(round % 80);
        for (size_t i = 0; i < length; i++) {
            seed = seed * 1103515245u + 12345u;
            line[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        assert_false(classify(line, length, &finding));
    }
}

struct structured {
    int status;
    const char *error;
    struct wording expected; /* its line is the text; NULL: none */
};

static void test_structured(void **state)
{
    (void)state;
    static const struct structured rows[] = {
        /* the text says which of three things a 429 is */
        {429,
         "rate_limit",
         {"You've hit your session limit · resets 11:21pm (UTC)", CLASS_LIMIT, KEY, "session limit",
          "2026-11-20T23:21:00Z"}},
        {429,
         NULL,
         {"You've hit your Opus limit · resets 5am (UTC)", CLASS_LIMIT, MODEL("opus"), "Opus limit",
          "2026-11-21T05:00:00Z"}},
        {429,
         "rate_limit",
         {"API Error: Server is temporarily limiting requests (not your usage "
          "limit) · x",
          CLASS_THROTTLED, ORGANIZATION, NULL, NULL}},
        {429,
         "rate_limit",
         {"API Error: Request rejected (429) · x", CLASS_THROTTLED, ORGANIZATION, NULL, NULL}},
        /* wordings of a version to come */
        {429,
         "rate_limit",
         {"No more for now · resets 11:21pm (UTC)", CLASS_LIMIT, KEY, NULL,
          "2026-11-20T23:21:00Z"}},
        {429, "rate_limit", {"No more for now", CLASS_THROTTLED, ORGANIZATION, NULL, NULL}},
        {429, NULL, {NULL, CLASS_THROTTLED, ORGANIZATION, NULL, NULL}},
        {0, "rate_limit", {NULL, CLASS_THROTTLED, ORGANIZATION, NULL, NULL}},
        {429, NULL, {"You've hit your token limit", CLASS_LIMIT, KEY, "token limit", NULL}},
        {401, "authentication_failed", {"Something about a key", CLASS_AUTH, KEY, NULL, NULL}},
        {0,
         "authentication_failed",
         {"Not logged in · Please run /login", CLASS_AUTH, KEY, NULL, NULL}},
        {0, NULL, {"Not logged in · Please run /login", CLASS_AUTH, KEY, NULL, NULL}},
        {403, "oauth_org_not_allowed", {"Ask your admin", CLASS_FORBIDDEN, KEY, NULL, NULL}},
        {0, "oauth_org_not_allowed", {NULL, CLASS_FORBIDDEN, KEY, NULL, NULL}},
        {400,
         "billing_error",
         {"Credit balance is too low", CLASS_BILLING, ORGANIZATION, NULL, NULL}},
        {400, "billing_error", {"Pay first", CLASS_BILLING, ORGANIZATION, NULL, NULL}},
        {402, NULL, {"Pay first", CLASS_BILLING, ORGANIZATION, NULL, NULL}},
        {400,
         "unknown",
         {"API Error: 400 You have reached your specified API usage limits. You "
          "will regain access on 2026-12-01 at 00:00 UTC.",
          CLASS_BILLING, ORGANIZATION, NULL, "2026-12-01T00:00:00Z"}},
        {529, "server_error", {"API Error: 529 Overloaded", CLASS_SERVER, KEY, NULL, NULL}},
        {500, NULL, {NULL, CLASS_SERVER, KEY, NULL, NULL}},
        {599, NULL, {NULL, CLASS_SERVER, KEY, NULL, NULL}},
        {0, "overloaded", {NULL, CLASS_SERVER, KEY, NULL, NULL}},
        {0,
         "server_error",
         {"API Error: Unable to connect to API (ECONNRESET)", CLASS_NETWORK, KEY, NULL, NULL}},
        {0, "server_error", {"?", CLASS_SERVER, KEY, NULL, NULL}},
        {-1, "rate_limit", {NULL, CLASS_THROTTLED, ORGANIZATION, NULL, NULL}},
        {403, NULL, {"insufficient_quota", CLASS_BILLING, ORGANIZATION, NULL, NULL}},
        {429, NULL, {"insufficient_quota", CLASS_BILLING, ORGANIZATION, NULL, NULL}},
        {404, NULL, {"insufficient_quota", CLASS_NONE, KEY, NULL, NULL}},
        /* the command's own */
        {400, "invalid_request", {"Prompt is too long", CLASS_NONE, KEY, NULL, NULL}},
        {0, NULL, {"Prompt is too long", CLASS_NONE, KEY, NULL, NULL}},
        {404,
         "model_not_found",
         {"There's an issue with the selected model", CLASS_NONE, KEY, NULL, NULL}},
        {0,
         "max_output_tokens",
         {"API Error: Claude's response exceeded", CLASS_NONE, KEY, NULL, NULL}},
        {0, "unknown", {NULL, CLASS_NONE, KEY, NULL, NULL}},
        {600, NULL, {NULL, CLASS_NONE, KEY, NULL, NULL}},
        {200, NULL, {"fine", CLASS_NONE, KEY, NULL, NULL}},
        {0, NULL, {NULL, CLASS_NONE, KEY, NULL, NULL}},
    };
    const struct reading_time time = reading_time();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wording expected = rows[i].expected;
        struct finding finding = {.until = -7};
        bool known = message_classify_structured(rows[i].status, rows[i].error, expected.line,
                                                 &time, &finding) > 0;
        expected.line = expected.line ? expected.line : "(no text)";
        if (known != (expected.class != CLASS_NONE))
            fail_msg("row %zu, %s: %d", i, expected.line, known);
        if (known)
            expect_finding(&finding, &expected);
        else
            assert_int_equal(finding.until, -7);
    }
}

static void test_windows(void **state)
{
    (void)state;
    static const struct wording rows[] = {
        {"five_hour", CLASS_LIMIT, KEY, "session limit", NULL},
        {"seven_day", CLASS_LIMIT, KEY, "weekly limit", NULL},
        {"seven_day_opus", CLASS_LIMIT, MODEL("opus"), "weekly Opus limit", NULL},
        {"seven_day_sonnet", CLASS_LIMIT, MODEL("sonnet"), "weekly Sonnet limit", NULL},
        {"seven_day_overage_included", CLASS_LIMIT, MODEL("fable"), "Fable limit", NULL},
        {"seven_day_haiku", CLASS_LIMIT, MODEL("haiku"), NULL, NULL},
        {"overage", CLASS_LIMIT, KEY, "extra usage limit", NULL},
        {"fortnight", CLASS_LIMIT, KEY, NULL, NULL},
        {"", CLASS_LIMIT, KEY, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct finding finding = {.class = CLASS_LIMIT};
        window_apply(rows[i].line, &finding);
        expect_finding(&finding, &rows[i]);
    }
}

static void test_other_errors(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool other, chained;
    } rows[] = {
        {"Traceback (most recent call last):", true, false},
        {"KeyError: 'answer'", true, false},
        {"ValueError: x", true, false},
        {"my_pkg.errors.SomeException: x", true, false},
        {"requests.exceptions.HTTPError: 429 Client Error", true, false},
        {"TypeError: undefined is not a function", true, false},
        {"The above exception was the direct cause of the following exception:", false, true},
        {"During handling of the above exception, another exception occurred:", false, true},
        {"  KeyError: 'indented'", false, false},
        {"Error: short", false, false},
        {"KeyError", false, false},
        {"KeyError:", false, false},
        {"Some Error: prose", false, false},
        {"deprecation: prose", false, false},
        {"pkg.SomeExceptions: x", false, false},
        {"terror: prose", false, false},
        {"  status: 429,", false, false},
        {"Node.js v20.20.2", false, false},
        {"", false, false},
        {"Traceback", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool chained = false;
        size_t length = strlen(rows[i].line);
        char *copy = test_malloc(length + 1);
        memcpy(copy + 1, rows[i].line, length);
        bool other = message_is_other_error(copy + 1, length, &chained);
        test_free(copy);
        if (other != rows[i].other || chained != rows[i].chained)
            fail_msg("%s: %d, %d", rows[i].line, other, chained);
    }
}

static void test_strip(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t length;
        const char *text;
    } rows[] = {
        {"plain", 5, "plain"},
        {"a\tb\rc\ad\0e\x7f", 10, "a bcde"},
        {"\x1b[1;31mred\x1b[0m", 14, "red"},
        {"\x1b]0;title\atext", 15, "text"},
        {"\x1b]8;;u\x1b\\link\x1b]8;;\x1b\\", 19, "link"},
        {"\x1bPdcs\x1b\\text", 11, "text"},
        {"\x1b_apc\x1b\\text", 11, "text"},
        {"\x1b(Btext\x1b)0", 10, "text"},
        {"\x1b"
         "7text\x1b"
         "8\x1b=\x1b>",
         12, "text"},
        {"text\x1b", 5, "text"},
        {"text\x1b[", 6, "text"},
        {"text\x1b[31", 8, "text"},
        {"text\x1b]0;title", 12, "text"},
        {"text\x1b(", 6, "text"},
        {"h\xc3\xbcte · x", 10, "h\xc3\xbcte · x"},
        {"", 0, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer text = {0};
        char *copy = test_malloc(rows[i].length + 1);
        memcpy(copy + 1, rows[i].line, rows[i].length);
        plain_append(copy + 1, rows[i].length, &text);
        test_free(copy);
        assert_string_equal(buffer_text(&text), rows[i].text);
        buffer_finish(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_passing_trouble),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_near_misses),
        cmocka_unit_test(test_wrappings),
        cmocka_unit_test(test_no_beginning_is_ruled_out),
        cmocka_unit_test(test_most_lines_are_ruled_out),
        cmocka_unit_test(test_shown_line),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_structured),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_other_errors),
        cmocka_unit_test(test_strip),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
