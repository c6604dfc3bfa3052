#include "core/client/options.h"
#include "core/evidence/evidence.h"

#include "play.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

/* Stream-json lines, shortened to what matters. */
#define INIT                                                                                       \
    "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"5a61\",\"model\":\"claude-opus-4-" \
    "8\","                                                                                         \
    "\"apiKeySource\":\"none\"}"
#define WORK                                                                                       \
    "{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"content\":[{\"type\":"   \
    "\"text\",\"text\":\"pong\"}]}}"
#define WINDOW(status, more)                                                                       \
    "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"" status "\"" more "}}"
#define SYNTHETIC(error, text)                                                                     \
    "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\",\"content\":[{\"type\":"       \
    "\"text\","                                                                                    \
    "\"text\":\"" text "\"}]},\"error\":\"" error "\"}"
#define RESULT(is_error, status, text)                                                             \
    "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":" is_error                          \
    ",\"api_error_status\":" status ",\"result\":\"" text "\",\"session_id\":\"9c10\"}"
#define NEW_RESULT(is_error, status, text)                                                         \
    "{\"duration_api_ms\":0,\"session_id\":\"9c10\",\"is_error\":" is_error                        \
    ",\"api_error_status\":" status                                                                \
    ",\"api_error_type\":\"rate_limit_error\",\"api_error\":\"usage_limit_reached\","              \
    "\"result\":\"" text "\",\"terminal_reason\":\"api_error\",\"type\":\"result\"}"
#define LIMIT "You've hit your session limit · resets 11:21pm (UTC)"

static struct evidence begin(const struct taught *taught)
{
    static struct trigger trigger;
    return (struct evidence){
        .time = {instant(PLAY_NOW), &utc_zones}, .taught = taught, .trigger = &trigger};
}

static bool read_line(struct evidence *evidence, enum stream_id stream, const char *line)
{
    size_t length = strlen(line);
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, line, length);
    bool mark = evidence_read_line(evidence, stream, copy + 1, length) == LINE_MARK;
    test_free(copy);
    return mark;
}

/* Which lines are held back until the verdict, and which are none of a key's business. */
static void test_marks(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool mark;
    } rows[] = {
        {LIMIT, true},
        {"Not logged in · Please run /login", true},
        {"pong", false},
        {"", false},
        {"{", false},
        {"[]", false},
        {"{\"type\":\"result\"", false},
        {INIT, false},
        {WORK, false},
        {"{\"type\":\"system\",\"subtype\":\"other\",\"x\":\"init\"}", false},
        {"[" SYNTHETIC("rate_limit", LIMIT) "," WORK "]", false},
        {"[" WORK "," SYNTHETIC("rate_limit", LIMIT) "]", true},
        {WINDOW("allowed", ",\"resetsAt\":1795216929,\"rateLimitType\":\"five_hour\""), false},
        {WINDOW("allowed_warning", ",\"rateLimitType\":\"seven_day\""), false},
        {WINDOW("rejected", ",\"rateLimitType\":\"five_hour\",\"isUsingOverage\":true"), false},
        {WINDOW("rejected", ",\"resetsAt\":1795216929,\"rateLimitType\":\"five_hour\""), true},
        {WINDOW("rejected", ""), true},
        {"{\"type\":\"rate_limit_event\"}", false},
        {SYNTHETIC("rate_limit", LIMIT), true},
        {SYNTHETIC("invalid_request", "Prompt is too long"), true},
        {SYNTHETIC("", "No response requested."), false},
        {RESULT("true", "429", LIMIT), true},
        {RESULT("true", "null", "Prompt is too long"), true},
        {RESULT("false", "null", LIMIT), false},
        {NEW_RESULT("true", "429", LIMIT), true},
        {NEW_RESULT("false", "null", "pong"), false},
        {"[" INIT "," WORK "," RESULT("false", "null", "pong") "]", false},
        {"[" INIT "," SYNTHETIC("rate_limit", LIMIT) "," RESULT("true", "429", LIMIT) "]", true},
        {"{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":429,\"error\":"
         "\"rate_limit\"}",
         false},
        {"{\"type\":\"user\",\"message\":\"" LIMIT " \\\"result\\\"\"}", false},
        {"{\"type\":\"tool\",\"result\":{\"type\":\"result\",\"is_error\":true}}", false},
        {"{\"level\":\"info\",\"msg\":\"" LIMIT "\"}", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evidence evidence = begin(NULL);
        if (read_line(&evidence, STREAM_OUT, rows[i].line) != rows[i].mark)
            fail_msg("%s: %d", rows[i].line, !rows[i].mark);
    }
}

static void test_result(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is_error;
        enum failure_class class;
    } rows[] = {
        {RESULT("true", "429", LIMIT), true, CLASS_LIMIT},
        {RESULT("true", "429", "?"), true, CLASS_THROTTLED},
        {RESULT("true", "401", "Invalid API key · Fix external API key"), true, CLASS_AUTH},
        {RESULT("true", "null", "Not logged in · Please run /login"), true, CLASS_AUTH},
        {RESULT("true", "400", "Credit balance is too low"), true, CLASS_BILLING},
        {RESULT("true", "529", "?"), true, CLASS_SERVER},
        {RESULT("true", "null", "?"), true, CLASS_NONE},
        {RESULT("true", "400", "Prompt is too long"), true, CLASS_NONE},
        {RESULT("false", "null", LIMIT), false, CLASS_NONE},
        {NEW_RESULT("true", "429", LIMIT), true, CLASS_LIMIT},
        {"{\"type\":\"result\",\"subtype\":\"error_max_turns\",\"is_error\":true}", true,
         CLASS_NONE},
        {"{\"type\":\"result\",\"is_error\":\"true\",\"api_error_status\":429}", false, CLASS_NONE},
        {"{\"type\":\"result\",\"is_error\":true,\"api_error_status\":\"429\",\"result\":7}", true,
         CLASS_NONE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evidence evidence = begin(NULL);
        (void)read_line(&evidence, STREAM_OUT, rows[i].line);
        if (!evidence.result_seen || evidence.result_is_error != rows[i].is_error ||
            evidence.result.class != rows[i].class)
            fail_msg("%s: %d, %s", rows[i].line, evidence.result_is_error,
                     failure_class_name(evidence.result.class));
        assert_int_equal(evidence.text[STREAM_OUT].finding.source, SOURCE_NOTHING);
    }
}

/* In a session of many turns the last result counts. */
static void test_last_result_counts(void **state)
{
    (void)state;
    struct evidence evidence = begin(NULL);
    (void)read_line(&evidence, STREAM_OUT, RESULT("false", "null", "pong"));
    (void)read_line(&evidence, STREAM_OUT, RESULT("true", "429", LIMIT));
    assert_true(evidence.result_is_error);
    assert_int_equal(evidence.result.class, CLASS_LIMIT);
    (void)read_line(&evidence, STREAM_OUT, RESULT("false", "null", "pong"));
    assert_false(evidence.result_is_error);
    assert_int_equal(evidence.result.class, CLASS_NONE);
}

static void test_what_a_stream_tells(void **state)
{
    (void)state;
    struct evidence evidence = begin(NULL);
    (void)read_line(&evidence, STREAM_OUT, INIT);
    assert_string_equal(evidence.session_id, "5a61");
    assert_string_equal(evidence.key_source, "none");
    assert_string_equal(evidence.model, "claude-opus-4-8");
    assert_false(evidence.work_begun);
    (void)read_line(&evidence, STREAM_OUT,
                    "{\"type\":\"system\",\"subtype\":\"status\",\"apiKeySource\":\"init\"}");
    (void)read_line(&evidence, STREAM_OUT, "{\"type\":\"system\",\"apiKeySource\":\"init\"}");
    assert_string_equal(evidence.key_source, "none");
    (void)read_line(&evidence, STREAM_OUT, SYNTHETIC("rate_limit", LIMIT));
    assert_false(evidence.work_begun);
    assert_string_equal(evidence.model, "claude-opus-4-8");
    (void)read_line(&evidence, STREAM_OUT, WORK);
    assert_true(evidence.work_begun);
    assert_string_equal(evidence.model, "claude-sonnet-5");
    (void)read_line(&evidence, STREAM_OUT, RESULT("false", "null", "pong"));
    assert_string_equal(evidence.session_id, "9c10");
}

/* One could be printed by a model, and become an option of the next call or lead to another file.
 */
static void test_ids_that_are_none(void **state)
{
    (void)state;
    static const char *const ids[] = {"--dangerous", "../../x", "a/b", "a b", "", "a\\n--x", "é"};
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct evidence evidence = begin(NULL);
        char line[256];
        int length =
            snprintf(line, sizeof line,
                     "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"%s\"}", ids[i]);
        (void)evidence_read_line(&evidence, STREAM_OUT, line, (size_t)length);
        length = snprintf(line, sizeof line,
                          "{\"type\":\"result\",\"is_error\":false,\"session_id\":\"%s\"}", ids[i]);
        (void)evidence_read_line(&evidence, STREAM_OUT, line, (size_t)length);
        assert_true(evidence.result_seen);
        assert_string_equal(evidence.session_id, "");
    }
}

static void test_windows(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool rejected, overage;
        int64_t until;
        const char *what, *model;
    } rows[] = {
        {WINDOW("rejected", ",\"resetsAt\":1795216945,\"rateLimitType\":\"five_hour\""), true,
         false, 1795216945, "session limit", ""},
        {WINDOW("rejected", ",\"resetsAt\":1795509730,\"rateLimitType\":\"seven_day_opus\""), true,
         false, 1795509730, "weekly Opus limit", "opus"},
        {WINDOW("rejected", ",\"rateLimitType\":\"overage\""), true, false, 0, "extra usage limit",
         ""},
        {WINDOW("rejected", ",\"resetsAt\":1795216945"), true, false, 1795216945, "", ""},
        {WINDOW("rejected", ",\"isUsingOverage\":false"), false, false, 0, "", ""},
        {WINDOW("rejected", ",\"rateLimitType\":\"five_hour\",\"isUsingOverage\":true"), false,
         true, 0, "", ""},
        {WINDOW("allowed", ",\"resetsAt\":1795216945,\"rateLimitType\":\"five_hour\""), false,
         false, 0, "", ""},
        {WINDOW("allowed_warning", ",\"rateLimitType\":\"seven_day\""), false, false, 0, "", ""},
        {WINDOW("rejected", ",\"resetsAt\":\"soon\",\"rateLimitType\":5"), false, false, 0, "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evidence evidence = begin(NULL);
        (void)read_line(&evidence, STREAM_OUT, rows[i].line);
        if (evidence.window_rejected != rows[i].rejected || evidence.overage != rows[i].overage ||
            evidence.window.until != rows[i].until ||
            strcmp(evidence.window.what, rows[i].what) != 0 ||
            strcmp(evidence.window.model, rows[i].model) != 0)
            fail_msg("%s: %d, %d, %lld, \"%s\", \"%s\"", rows[i].line, evidence.window_rejected,
                     evidence.overage, (long long)evidence.window.until, evidence.window.what,
                     evidence.window.model);
    }
}

/* Served again: what follows is no longer that window's doing. */
static void test_window_that_opened_again(void **state)
{
    (void)state;
    struct evidence evidence = begin(NULL);
    (void)read_line(&evidence, STREAM_OUT, WINDOW("rejected", ",\"rateLimitType\":\"five_hour\""));
    assert_true(evidence.window_rejected);
    (void)read_line(&evidence, STREAM_OUT, WINDOW("allowed", ",\"rateLimitType\":\"five_hour\""));
    assert_false(evidence.window_rejected);
}

/* Billed once in a run is billed. */
static void test_overage_is_remembered(void **state)
{
    (void)state;
    struct evidence evidence = begin(NULL);
    (void)read_line(&evidence, STREAM_OUT, WINDOW("allowed", ",\"isUsingOverage\":true"));
    (void)read_line(&evidence, STREAM_OUT, WINDOW("allowed", ",\"isUsingOverage\":false"));
    assert_true(evidence.overage);
}

enum { LINES = 10 };

/* The run went on after the message, and failed of something else; or one caused the other. */
static void test_other_failures_after_a_message(void **state)
{
    (void)state;
    static const char rate[] = "anthropic.RateLimitError: Error code: 429 - {'type': 'error'}";
    static const struct {
        const char *name;
        const char *lines[LINES];
        enum failure_class class;
    } rows[] = {
        {"alone", {"Traceback (most recent call last):", "  File \"x\"", rate}, CLASS_THROTTLED},
        {"caught, then another",
         {rate, "going on without", "Traceback (most recent call last):", "  File \"x\"",
          "KeyError: 'answer'"},
         CLASS_NONE},
        {"caught, then a bare one", {rate, "TypeError: x is not a function"}, CLASS_NONE},
        {"direct cause",
         {"Traceback (most recent call last):", rate, "",
          "The above exception was the direct cause of the following exception:", "",
          "Traceback (most recent call last):", "  File \"x\"", "app.AskError: no answer"},
         CLASS_THROTTLED},
        {"during handling",
         {rate, "", "During handling of the above exception, another exception occurred:", "",
          "Traceback (most recent call last):", "SystemExit: 1"},
         CLASS_THROTTLED},
        {"chained, then again",
         {rate, "The above exception was the direct cause of the following exception:",
          "app.AskError: no answer", "anthropic.AuthenticationError: Error code: 401 - {}",
          "ValueError: other"},
         CLASS_NONE},
        {"the last message counts", {rate, LIMIT}, CLASS_LIMIT},
        {"a dump after it",
         {"RateLimitError: 429 {\"type\":\"error\"}", "    at f (x:1:2) {", "  status: 429,",
          "  error: {", "}", "Node.js v20.20.2"},
         CLASS_THROTTLED},
        {"an error before it", {"KeyError: 'x'", LIMIT}, CLASS_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evidence evidence = begin(NULL);
        for (size_t n = 0; n < LINES && rows[i].lines[n]; n++)
            (void)read_line(&evidence, STREAM_ERR, rows[i].lines[n]);
        if (evidence.text[STREAM_ERR].finding.class != rows[i].class)
            fail_msg("%s: %s", rows[i].name,
                     failure_class_name(evidence.text[STREAM_ERR].finding.class));
    }
}

static void test_streams_are_apart(void **state)
{
    (void)state;
    struct evidence evidence = begin(NULL);
    (void)read_line(&evidence, STREAM_ERR, "RateLimitError: 429 {\"type\":\"error\"}");
    (void)read_line(&evidence, STREAM_OUT, "ValueError: printed by the caller");
    assert_int_equal(evidence.text[STREAM_ERR].finding.class, CLASS_THROTTLED);
    assert_int_equal(evidence.text[STREAM_OUT].finding.class, CLASS_NONE);
}

/* What a person told with --marker goes before what is built in. */
static void test_markers(void **state)
{
    (void)state;
    static const char *const words[] = {"tcr-run",
                                        "--marker",
                                        "limit=^quota: 0",
                                        "--marker",
                                        "none=^You've hit your session",
                                        "--marker",
                                        "auth=denied",
                                        "--",
                                        "x",
                                        NULL};
    static const struct {
        const char *lines[3];
        bool mark;
        enum failure_class class;
        enum failure_source source;
        const char *until;
    } rows[] = {
        {{"quota: 0"}, true, CLASS_LIMIT, SOURCE_MARKER, NULL},
        {{"\x1b[31mquota: 0 left, resets 11pm (UTC)\x1b[m"},
         true,
         CLASS_LIMIT,
         SOURCE_MARKER,
         "2026-11-20T23:00:00Z"},
        {{"quota: 10"}, false, CLASS_NONE, SOURCE_NOTHING, NULL},
        {{"access denied"}, true, CLASS_AUTH, SOURCE_MARKER, NULL},
        {{LIMIT}, false, CLASS_NONE, SOURCE_MARKER, NULL},
        {{"You've hit your weekly limit"}, true, CLASS_LIMIT, SOURCE_TEXT, NULL},
        {{"quota: 0", "access denied"}, true, CLASS_AUTH, SOURCE_MARKER, NULL},
        {{"quota: 0", "KeyError: 'x'"}, false, CLASS_LIMIT, SOURCE_MARKER, NULL},
        {{"access denied", "API Error: 529 Overloaded"}, true, CLASS_AUTH, SOURCE_MARKER, NULL},
        {{"{\"msg\":\"denied\"}"}, true, CLASS_AUTH, SOURCE_MARKER, NULL},
    };
    struct options options;
    struct buffer error = {0};
    assert_int_equal(options_parse((int)COUNT(words) - 1, (char **)words, &options, &error), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evidence evidence = begin(&options.taught);
        bool mark = false;
        for (size_t n = 0; n < 3 && rows[i].lines[n]; n++)
            mark = read_line(&evidence, STREAM_OUT, rows[i].lines[n]);
        const struct finding *finding = &evidence.text[STREAM_OUT].finding;
        if (mark != rows[i].mark || finding->class != rows[i].class ||
            finding->source != rows[i].source)
            fail_msg("%s: %d, %s, %s", rows[i].lines[0], mark, failure_class_name(finding->class),
                     failure_source_name(finding->source));
        if (finding->class != CLASS_NONE)
            assert_int_equal(finding->until, rows[i].until ? instant(rows[i].until) : 0);
        assert_int_equal(evidence_seek(&evidence, "anything", 8), 0);
    }
    options_finish(&options);
}

/* Where the first line stands that has to be read; the bytes before it are not looked at again. */
static void test_seek(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t at;
    } rows[] = {
        {"", 0},
        {"hello\nworld\n", 12},
        {"hello\nYou've hit your LIMIT\n", 22},
        {"limit", 0},
        {"limi", 4},
        {"xlimit\n", 1},
        {"x\nAPI Error: 500", 6},
        {"{\"type\":\"result\"}", 8},
        {"22222222222222222222222222222limit", 29},
        {"\x1b[31mplain\x1b[0m\n", 15},
    };
    struct evidence evidence = begin(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t at = evidence_seek(&evidence, rows[i].bytes, strlen(rows[i].bytes));
        if (at != rows[i].at)
            fail_msg("%s: %zu", rows[i].bytes, at);
    }
    evidence.last_word = true;
    assert_int_equal(evidence_seek(&evidence, "hello", 5), 0);
    evidence = begin(NULL);
    evidence.trigger = NULL;
    assert_int_equal(evidence_seek(&evidence, "hello", 5), 0);
}

static void test_line_ends(void **state)
{
    (void)state;
    static const char *const rows[] = {LIMIT "\r", LIMIT "\r\r", "\x1b[31m" LIMIT "\x1b[0m\r"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evidence evidence = begin(NULL);
        assert_true(read_line(&evidence, STREAM_OUT, rows[i]));
        assert_string_equal(evidence.text[STREAM_OUT].finding.line, LIMIT);
    }
    struct evidence evidence = begin(NULL);
    assert_true(read_line(&evidence, STREAM_OUT, RESULT("true", "429", LIMIT) "\r"));
    assert_int_equal(evidence.result.class, CLASS_LIMIT);
}

/* Names that are longer than their place are cut, not run over. */
static void test_long_names(void **state)
{
    (void)state;
    struct evidence evidence = begin(NULL);
    struct buffer line = {0};
    buffer_append_format(&line,
                         "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"%0300d\","
                         "\"model\":\"%0300d\",\"apiKeySource\":\"%0300d\"}",
                         1, 2, 3);
    assert_false(read_line(&evidence, STREAM_OUT, buffer_text(&line)));
    assert_int_equal(strlen(evidence.session_id), EVIDENCE_ID - 1);
    assert_int_equal(strlen(evidence.model), EVIDENCE_ID - 1);
    assert_int_equal(strlen(evidence.key_source), EVIDENCE_ID - 1);
    buffer_finish(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_last_result_counts),
        cmocka_unit_test(test_what_a_stream_tells),
        cmocka_unit_test(test_ids_that_are_none),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_window_that_opened_again),
        cmocka_unit_test(test_overage_is_remembered),
        cmocka_unit_test(test_other_failures_after_a_message),
        cmocka_unit_test(test_streams_are_apart),
        cmocka_unit_test(test_markers),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
