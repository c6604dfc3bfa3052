#include "core/evidence/transcript.h"

#include "support.h"

#include <stdio.h>
#include <string.h>

#define NOW "2026-11-20T21:20:00Z"

/* Rows as the client writes them (claude-code.md, "Sessions"), shortened to what matters. */
#define QUEUE                                                                                      \
    "{\"type\":\"queue-operation\",\"operation\":\"enqueue\",\"content\":\"the assistant\"}"
#define USER     "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"ping\"}}"
#define ATTACHED "{\"type\":\"attachment\",\"attachment\":{\"type\":\"todo\"}}"
#define ANSWER                                                                                     \
    "{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"role\":\"assistant\","   \
    "\"content\":[{\"type\":\"text\",\"text\":\"pong\"}]}}"
#define TOOL_CALL                                                                                  \
    "{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"content\":[{\"type\":"   \
    "\"tool_use\",\"id\":\"toolu_1\",\"name\":\"Bash\"}]}}"
#define TOOL_RESULT                                                                                \
    "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","    \
    "\"content\":\"ok\"}]}}"
#define LAST "{\"type\":\"last-prompt\",\"lastPrompt\":\"the \\\"assistant\\\" prompt\"}"
#define RESUMED                                                                                    \
    "{\"type\":\"user\",\"isMeta\":true,\"message\":{\"content\":\"Continue from where you left "  \
    "off.\"}}"
#define FILLER                                                                                     \
    "{\"type\":\"assistant\",\"isApiErrorMessage\":false,\"message\":{\"model\":\"<synthetic>\","  \
    "\"content\":[{\"type\":\"text\",\"text\":\"No response requested.\"}]}}"
#define FAILURE(status, error, text)                                                               \
    "{\"type\":\"assistant\",\"isApiErrorMessage\":true,\"apiErrorStatus\":" status                \
    ",\"error\":\"" error "\",\"sessionId\":\"x\",\"message\":{\"model\":\"<synthetic>\","         \
    "\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]}}"
#define LIMIT FAILURE("429", "rate_limit", "You've hit your session limit · resets 11:21pm (UTC)")
#define SIDE_LIMIT                                                                                 \
    "{\"type\":\"assistant\",\"isSidechain\":true,\"isApiErrorMessage\":true,\"apiErrorStatus\":"  \
    "429"                                                                                          \
    ",\"error\":\"rate_limit\",\"message\":{\"model\":\"<synthetic>\",\"content\":[]}}"
#define SIDE_ANSWER                                                                                \
    "{\"type\":\"assistant\",\"isSidechain\":true,\"message\":{\"model\":\"claude-haiku-5\","      \
    "\"content\":[]}}"
/* Of the Agent SDK's newer client: rows that look like an answer or an error and are neither. */
#define NEW_ERROR                                                                                  \
    "{\"type\":\"system\",\"subtype\":\"api_error\",\"error\":{\"message\":\"429\",\"status\":"    \
    "429},"                                                                                        \
    "\"role\":\"assistant\"}"
#define NEW_BLOB  "{\"type\":\"api-request-blob\",\"message\":{\"role\":\"assistant\"}}"
#define NEW_LATCH "{\"type\":\"atis-latch\",\"isApiErrorMessage\":true,\"x\":\"assistant\"}"
#define NEW_COST  "{\"type\":\"cost-state\",\"assistant\":\"assistant\"}"

enum { ROWS = 14 };

struct file {
    const char *name;
    const char *rows[ROWS];
    bool work_begun, last_was_error;
    enum failure_class class;
    const char *until;
};

static const struct file files[] = {
    {"nothing", {NULL}, false, false, CLASS_NONE, NULL},
    {"success",
     {QUEUE, QUEUE, USER, ATTACHED, ATTACHED, ANSWER, LAST},
     true,
     false,
     CLASS_NONE,
     NULL},
    {"limit at the first request",
     {QUEUE, QUEUE, USER, ATTACHED, ATTACHED, LIMIT, LAST},
     false,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"limit after a tool call",
     {QUEUE, USER, ATTACHED, TOOL_CALL, TOOL_RESULT, LIMIT, LAST},
     true,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"carried on with the next key",
     {QUEUE, QUEUE, RESUMED, FILLER, USER, ANSWER, LAST},
     true,
     false,
     CLASS_NONE,
     NULL},
    {"carried on, used up too",
     {QUEUE, QUEUE, RESUMED, FILLER, USER, LIMIT, LAST},
     false,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"the filler alone", {RESUMED, FILLER}, false, false, CLASS_NONE, NULL},
    {"an answer after the limit", {USER, LIMIT, USER, ANSWER, LAST}, true, false, CLASS_NONE, NULL},
    {"the filler changes nothing",
     {USER, LIMIT, RESUMED, FILLER},
     false,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"interactive, left on the limit",
     {"{\"type\":\"ai-title\"}", "{\"type\":\"mode\"}", USER, ATTACHED, ANSWER,
      "{\"type\":\"system\",\"subtype\":\"turn_duration\"}", USER, LIMIT,
      "{\"type\":\"system\",\"subtype\":\"turn_duration\"}", LAST},
     true,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"the newer client's rows",
     {NEW_LATCH, USER, NEW_BLOB, NEW_ERROR, LIMIT, LAST, NEW_LATCH, NEW_COST},
     false,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"the newer client's rows alone",
     {NEW_LATCH, NEW_BLOB, NEW_ERROR, NEW_COST},
     false,
     false,
     CLASS_NONE,
     NULL},
    {"a side task's limit", {USER, SIDE_LIMIT, LAST}, false, false, CLASS_NONE, NULL},
    {"a side task's answer",
     {USER, LIMIT, SIDE_ANSWER},
     false,
     true,
     CLASS_LIMIT,
     "2026-11-20T23:21:00Z"},
    {"quoted in a prompt",
     {"{\"type\":\"user\",\"message\":{\"content\":\"{\\\"type\\\":\\\"assistant\\\",\\\"isApi"
      "ErrorMessage\\\":true,\\\"error\\\":\\\"rate_limit\\\"}\"}}"},
     false,
     false,
     CLASS_NONE,
     NULL},
    {"quoted in an answer",
     {"{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"content\":[{\"type\":"
      "\"text\",\"text\":\"You've hit your session limit · resets 11pm (UTC)\"}]}}"},
     true,
     false,
     CLASS_NONE,
     NULL},
};

static void read_row(struct transcript *transcript, const char *row, size_t length)
{
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, row, length);
    transcript_read_row(transcript, copy + 1, length);
    test_free(copy);
}

static struct transcript begin(void)
{
    return (struct transcript){.time = {instant(NOW), &utc_zones}};
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        const struct file *file = &files[i];
        struct transcript got = begin();
        for (size_t r = 0; r < ROWS && file->rows[r]; r++)
            read_row(&got, file->rows[r], strlen(file->rows[r]));
        int64_t until = file->until ? instant(file->until) : 0;
        if (got.work_begun != file->work_begun || got.last_was_error != file->last_was_error ||
            got.last.class != file->class || got.last.until != until ||
            got.any_row != (file->rows[0] != NULL))
            fail_msg("%s: begun %d, error %d, %s, %lld", file->name, got.work_begun,
                     got.last_was_error, failure_class_name(got.last.class),
                     (long long)got.last.until);
        assert_int_equal(got.last.source,
                         file->class == CLASS_NONE ? SOURCE_NOTHING : SOURCE_TRANSCRIPT);
    }
}

/* What the client wrote for each trouble (seen). */
static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        enum failure_class class;
        enum failure_scope scope;
        const char *model;
    } rows[] = {
        {FAILURE("401", "authentication_failed", "Failed to authenticate. API Error: 401 x"),
         CLASS_AUTH, SCOPE_KEY, ""},
        {FAILURE("null", "authentication_failed", "Not logged in · Please run /login"), CLASS_AUTH,
         SCOPE_KEY, ""},
        {FAILURE("403", "oauth_org_not_allowed",
                 "Your organization has disabled Claude subscription access"),
         CLASS_FORBIDDEN, SCOPE_KEY, ""},
        {FAILURE("500", "server_error", "API Error: 500 x"), CLASS_SERVER, SCOPE_KEY, ""},
        {FAILURE("529", "server_error", "API Error: 529 Overloaded"), CLASS_SERVER, SCOPE_KEY, ""},
        {FAILURE("null", "server_error", "API Error: Unable to connect to API (ECONNRESET)"),
         CLASS_NETWORK, SCOPE_KEY, ""},
        {FAILURE("429", "rate_limit", "You've hit your Opus limit · resets 5am (UTC)"), CLASS_LIMIT,
         SCOPE_MODEL, "opus"},
        {FAILURE("429", "rate_limit", "You've hit your limit · resets 5am (UTC)"), CLASS_LIMIT,
         SCOPE_KEY, ""},
        {FAILURE("429", "rate_limit",
                 "API Error: Server is temporarily limiting requests (not your usage limit) · x"),
         CLASS_THROTTLED, SCOPE_ORGANIZATION, ""},
        {FAILURE("429", "rate_limit", "API Error: Request rejected (429) · x"), CLASS_THROTTLED,
         SCOPE_ORGANIZATION, ""},
        {FAILURE("400", "billing_error", "Credit balance is too low"), CLASS_BILLING,
         SCOPE_ORGANIZATION, ""},
        {FAILURE("400", "unknown",
                 "API Error: 400 You have reached your specified API usage limits. x"),
         CLASS_BILLING, SCOPE_ORGANIZATION, ""},
        {FAILURE("400", "invalid_request", "Prompt is too long"), CLASS_NONE, SCOPE_KEY, ""},
        {FAILURE("404", "model_not_found", "There's an issue with the selected model"), CLASS_NONE,
         SCOPE_KEY, ""},
        {FAILURE("null", "max_output_tokens", "API Error: too much"), CLASS_NONE, SCOPE_KEY, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct transcript got = begin();
        read_row(&got, rows[i].row, strlen(rows[i].row));
        assert_true(got.last_was_error);
        assert_false(got.work_begun);
        if (got.last.class != rows[i].class || got.last.scope != rows[i].scope ||
            strcmp(got.last.model, rows[i].model) != 0)
            fail_msg("%s: %s, %s, \"%s\"", rows[i].row, failure_class_name(got.last.class),
                     failure_scope_name(got.last.scope), got.last.model);
    }
}

/* A failure of another kind takes the place of the one before. */
static void test_last_failure_counts(void **state)
{
    (void)state;
    static const char own[] = FAILURE("400", "invalid_request", "Prompt is too long");
    struct transcript got = begin();
    read_row(&got, LIMIT, strlen(LIMIT));
    read_row(&got, own, strlen(own));
    assert_true(got.last_was_error);
    assert_int_equal(got.last.class, CLASS_NONE);
    assert_string_equal(got.last.line, "");
    read_row(&got, LIMIT, strlen(LIMIT));
    assert_int_equal(got.last.class, CLASS_LIMIT);
}

/* A fork of a session copies the rows of the other one: the older are none of this run's. */
static void test_older_rows_do_not_count(void **state)
{
    (void)state;
    static const struct {
        const char *since, *stamp;
        bool counts;
    } rows[] = {
        {"", "2026-11-20T21:22:25.670Z", true},
        {"2026-11-20T21:22:25.670Z", "2026-11-20T21:22:25.670Z", true},
        {"2026-11-20T21:22:25.670Z", "2026-11-20T21:22:25.671Z", true},
        {"2026-11-20T21:22:25.670Z", "2026-11-20T21:22:25.669Z", false},
        {"2026-11-20T21:22:25.670Z", "2025-12-31T23:59:59.999Z", false},
        {"2026-11-20T21:22:25.670Z", NULL, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct transcript got = begin();
        struct buffer row = {0};
        snprintf(got.since, sizeof got.since, "%s", rows[i].since);
        buffer_append_format(&row, "{\"type\":\"assistant\",\"message\":{\"model\":\"x\"}%s%s%s}",
                             rows[i].stamp ? ",\"timestamp\":\"" : "",
                             rows[i].stamp ? rows[i].stamp : "", rows[i].stamp ? "\"" : "");
        read_row(&got, buffer_text(&row), row.length);
        assert_true(got.any_row);
        assert_int_equal(got.work_begun, rows[i].counts);
        buffer_finish(&row);
    }
}

/* The file is read while it is written, and by a version that may be newer. */
static void test_broken_rows(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "\"assistant\"",
        "[\"assistant\"]",
        "{\"type\":\"assistant\"",
        "{\"type\":[\"assistant\"]}",
        "{\"type\":null,\"x\":\"assistant\"}",
        "\"assistant\" and more",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct transcript got = begin();
        read_row(&got, rows[i], strlen(rows[i]));
        assert_true(got.any_row);
        assert_false(got.work_begun || got.last_was_error);
    }
    for (size_t length = 0; length < strlen(LIMIT); length++) {
        struct transcript got = begin();
        read_row(&got, LIMIT, length);
        assert_false(got.work_begun || got.last_was_error);
    }
}

/* Fields of other types than expected. */
static void test_odd_fields(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        bool begun, error;
        enum failure_class class;
    } rows[] = {
        {"{\"type\":\"assistant\"}", true, false, CLASS_NONE},
        {"{\"type\":\"assistant\",\"message\":\"text\"}", true, false, CLASS_NONE},
        {"{\"type\":\"assistant\",\"isApiErrorMessage\":\"true\"}", true, false, CLASS_NONE},
        {"{\"type\":\"assistant\",\"isApiErrorMessage\":true}", false, true, CLASS_NONE},
        {"{\"type\":\"assistant\",\"isApiErrorMessage\":true,\"apiErrorStatus\":\"429\","
         "\"error\":7,\"message\":{\"content\":\"You've hit your limit\"}}",
         false, true, CLASS_NONE},
        {"{\"type\":\"assistant\",\"isApiErrorMessage\":true,\"apiErrorStatus\":429,"
         "\"message\":{\"content\":[5,{\"text\":[]},{\"text\":\"You've hit your limit\"}]}}",
         false, true, CLASS_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct transcript got = begin();
        read_row(&got, rows[i].row, strlen(rows[i].row));
        if (got.work_begun != rows[i].begun || got.last_was_error != rows[i].error ||
            got.last.class != rows[i].class)
            fail_msg("%s: %d, %d, %s", rows[i].row, got.work_begun, got.last_was_error,
                     failure_class_name(got.last.class));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_last_failure_counts),
        cmocka_unit_test(test_older_rows_do_not_count),
        cmocka_unit_test(test_broken_rows),
        cmocka_unit_test(test_odd_fields),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
