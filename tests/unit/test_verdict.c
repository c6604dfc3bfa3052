#include "core/client/options.h"
#include "core/evidence/verdict.h"

#include "play.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE                                                                                       \
    "anthropic.RateLimitError: Error code: 429 - {'type': 'error', 'error': {'type': "             \
    "'rate_limit_error', 'message': 'x'}}\n"
#define TRACEBACK "Traceback (most recent call last):\n  File \"ask.py\", line 3, in <module>\n"
#define RESULT(is_error, status, text)                                                             \
    "{\"type\":\"result\",\"is_error\":" is_error ",\"api_error_status\":" status                  \
    ",\"result\":\"" text "\"}\n"
#define NEW_RESULT                                                                                 \
    "{\"duration_api_ms\":0,\"is_error\":true,\"api_error_status\":429,\"api_error_type\":"        \
    "\"rate_limit_error\",\"api_error\":\"usage_limit_reached\",\"result\":\"You've hit your "     \
    "5-hour limit · resets 11:23pm "                                                              \
    "(UTC)\",\"terminal_reason\":\"api_error\",\"type\":\"result\"}\n"
#define WINDOW(type, more)                                                                         \
    "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"rejected\","                 \
    "\"rateLimitType\":"                                                                           \
    "\"" type "\"" more "}}\n"
#define SERVED     "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed\"}}\n"
#define LIMIT      "You've hit your session limit · resets 11:21pm (UTC)"
#define OPUS_LIMIT "You've hit your Opus limit · resets 11:21pm (UTC)"
#define FABLE      "You've hit your Fable limit · resets 11:21pm (UTC)"
#define THROTTLED  "API Error: Server is temporarily limiting requests (not your usage limit) · x"

/* A run from beginning to end. */
static const struct run {
    const char *name, *out, *err;
    struct ending ending;
    enum failure_class class;
    enum failure_scope scope;
    const char *model, *until;
    enum failure_source source;
} runs[] = {
    {"nothing at all", "", "", {0}, CLASS_NONE, 0, "", NULL, 0},
    {"a failure of its own",
     "",
     "make: *** [all] Error 2\n",
     {.code = 2},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a Python script",
     "",
     TRACEBACK RATE,
     {.code = 1},
     CLASS_THROTTLED,
     SCOPE_ORGANIZATION,
     "",
     NULL,
     SOURCE_TEXT},
    {"a Python script's message without an end",
     "",
     "anthropic.AuthenticationError: Error code: 401 - {}",
     {.code = 1},
     CLASS_AUTH,
     SCOPE_KEY,
     "",
     NULL,
     SOURCE_TEXT},
    {"caught, then a failure of its own",
     "",
     RATE "falling back\n" TRACEBACK "KeyError: 'answer'\n",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"chained exceptions",
     "",
     TRACEBACK RATE
     "\nThe above exception was the direct cause of the following exception:\n\n" TRACEBACK
     "app.AskError: no answer\n",
     {.code = 1},
     CLASS_THROTTLED,
     SCOPE_ORGANIZATION,
     "",
     NULL,
     SOURCE_TEXT},
    {"another program's 429",
     "",
     TRACEBACK "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests\n",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"another program's bare 429",
     "HTTPError: 429\n",
     "HTTPError: 429\n",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a full disk",
     "disk limit reached\n",
     "disk limit reached\n",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a log of a limit and success",
     LIMIT "\nretried, done\n",
     "",
     {.code = 0},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"killed", LIMIT "\n", "", {.by_signal = true, .code = 15}, CLASS_NONE, 0, "", NULL, 0},
    {"killed with a result",
     RESULT("true", "429", LIMIT),
     "",
     {.by_signal = true, .code = 9},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"on stderr",
     "",
     LIMIT "\n",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:21:00Z",
     SOURCE_TEXT},
    {"CRLF and colours",
     "\x1b[31m" LIMIT "\x1b[0m\r\n",
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:21:00Z",
     SOURCE_TEXT},
    {"a terminal's farewell",
     LIMIT "\r\n\x1b[?25h\x1b]0;\a",
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:21:00Z",
     SOURCE_TEXT},
    {"one model's window",
     OPUS_LIMIT "\n",
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_MODEL,
     "opus",
     "2026-11-20T23:21:00Z",
     SOURCE_TEXT},
    {"a warning alone",
     "You've used 74% of your weekly limit · resets Nov 24, 8:41am (UTC)\n",
     "",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a full context", "Prompt is too long\n", "", {.code = 1}, CLASS_NONE, 0, "", NULL, 0},
    {"a full context in json",
     RESULT("true", "null", "Prompt is too long"),
     "",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"an error result, exit 0",
     RESULT("true", "429", LIMIT),
     "",
     {.code = 0},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:21:00Z",
     SOURCE_RESULT},
    {"the newer client's result",
     NEW_RESULT,
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:23:00Z",
     SOURCE_RESULT},
    {"the newer client's result, exit 0",
     NEW_RESULT,
     "",
     {.code = 0},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:23:00Z",
     SOURCE_RESULT},
    {"an array of messages",
     "[{\"type\":\"system\",\"subtype\":\"init\"},{\"type\":\"rate_limit_event\",\"rate_limit_"
     "info\":{\"status\":\"rejected\",\"resetsAt\":1795216945,\"rateLimitType\":\"five_hour\"}},{"
     "\"type\":\"result\",\"is_error\":true,\"api_error_status\":429,\"result\":\"" LIMIT "\"}]\n",
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:22:25Z",
     SOURCE_RESULT},
    {"an array of healthy messages",
     "[{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed\"}},{\"type\":"
     "\"result\",\"is_error\":false,\"result\":\"" LIMIT "\"}]\n",
     "",
     {.code = 0},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a healthy result, then a failure of its own",
     RESULT("false", "null", "pong"),
     "oops\n",
     {.code = 3},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"an event says it to the second",
     WINDOW("five_hour", ",\"resetsAt\":1795216945") RESULT("true", "429", LIMIT),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:22:25Z",
     SOURCE_RESULT},
    {"an event without a time",
     WINDOW("five_hour", "") RESULT("true", "429", LIMIT),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:21:00Z",
     SOURCE_RESULT},
    {"an event names the model",
     WINDOW("seven_day_opus", ",\"resetsAt\":1795216945") RESULT("true", "429", "?"),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_MODEL,
     "opus",
     "2026-11-20T23:22:25Z",
     SOURCE_RESULT},
    {"an event of a window to come",
     WINDOW("seven_day_fable", ",\"resetsAt\":1795216945") RESULT("true", "429", FABLE),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_MODEL,
     "fable",
     "2026-11-20T23:22:25Z",
     SOURCE_RESULT},
    {"an event knows better",
     WINDOW("seven_day_opus", ",\"resetsAt\":1795216945") RESULT("true", "429", LIMIT),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_MODEL,
     "opus",
     "2026-11-20T23:22:25Z",
     SOURCE_RESULT},
    {"an event without a name",
     "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"rejected\",\"resetsAt\":"
     "1795216945}}\n" RESULT("true", "429", "?"),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:22:25Z",
     SOURCE_RESULT},
    {"an event changes no other class",
     WINDOW("five_hour", ",\"resetsAt\":1795216945") RESULT("true", "401", "?"),
     "",
     {.code = 1},
     CLASS_AUTH,
     SCOPE_KEY,
     "",
     NULL,
     SOURCE_RESULT},
    {"an event of a window that opened again",
     WINDOW("five_hour", ",\"resetsAt\":1795216945") SERVED RESULT("true", "429", THROTTLED),
     "",
     {.code = 1},
     CLASS_THROTTLED,
     SCOPE_ORGANIZATION,
     "",
     NULL,
     SOURCE_RESULT},
    {"served from extra usage",
     WINDOW("five_hour", ",\"isUsingOverage\":true") RESULT("false", "null", "pong"),
     "",
     {.code = 0},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a rejected event, then an answer",
     WINDOW("five_hour", "") RESULT("false", "null", "pong"),
     "",
     {.code = 0},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"a turn that went well, then a limit",
     RESULT("false", "null", "pong") RESULT("true", "429", LIMIT),
     "",
     {.code = 1},
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     "2026-11-20T23:21:00Z",
     SOURCE_RESULT},
    {"a limit, then a turn that went well",
     RESULT("true", "429", LIMIT) RESULT("false", "null", "pong"),
     "",
     {.code = 0},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
    {"json of another program",
     "{\"type\":\"result\",\"code\":429}\n",
     "",
     {.code = 1},
     CLASS_NONE,
     0,
     "",
     NULL,
     0},
};

static void expect_run(const struct run *run, const struct finding *finding)
{
    int64_t until = run->until ? instant(run->until) : 0;
    if (finding->class != run->class)
        fail_msg("%s: %s", run->name, failure_class_name(finding->class));
    if (run->class == CLASS_NONE)
        return;
    if (finding->scope != run->scope || strcmp(finding->model, run->model) != 0 ||
        finding->until != until || finding->source != run->source)
        fail_msg("%s: %s, \"%s\", %lld, %s", run->name, failure_scope_name(finding->scope),
                 finding->model, (long long)finding->until, failure_source_name(finding->source));
}

static void test_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(runs); i++) {
        struct scene scene = {.bytes = {runs[i].out, runs[i].err}, .ending = runs[i].ending};
        struct play play;
        play_scene(&scene, &play);
        expect_run(&runs[i], &play.finding);
        play_expect_bytes(runs[i].name, &play, &scene);
        play_finish(&play);
    }
}

/* Structured evidence beats wording; what a person told beats what is built in. */
static void test_order_of_evidence(void **state)
{
    (void)state;
    static const char *const words[] = {"tcr-run",
                                        "--marker",
                                        "forbidden=^forbidden",
                                        "--marker",
                                        "none=^fine:",
                                        "--exit-class",
                                        "75=network",
                                        "--exit-class",
                                        "1=server",
                                        "--",
                                        "x",
                                        NULL};
    static const struct transcript limit = {
        .last_was_error = true,
        .last = {.class = CLASS_LIMIT, .source = SOURCE_TRANSCRIPT, .line = "transcript"}};
    static const struct transcript own = {.last_was_error = true};
    static const struct transcript healthy = {.work_begun = true};
    static const struct {
        const char *name, *out, *err;
        int code;
        const struct transcript *transcript;
        enum failure_class class;
        enum failure_source source;
    } rows[] = {
        {"result, transcript, text", RESULT("true", "401", "?"), LIMIT "\n", 75, &limit, CLASS_AUTH,
         SOURCE_RESULT},
        {"an unknown error result", RESULT("true", "null", "?"), LIMIT "\n", 75, &limit, CLASS_NONE,
         SOURCE_RESULT},
        {"healthy result, exit 0", RESULT("false", "null", "?"), "forbidden\n", 0, &limit,
         CLASS_NONE, SOURCE_NOTHING},
        {"transcript, exit 0", "", "", 0, &limit, CLASS_LIMIT, SOURCE_TRANSCRIPT},
        {"transcript, text", "API Error: 529 Overloaded\n", "", 1, &limit, CLASS_LIMIT,
         SOURCE_TRANSCRIPT},
        {"transcript of another error, text", "API Error: 401 x\n", "", 1, &own, CLASS_AUTH,
         SOURCE_TEXT},
        {"healthy transcript, text", "API Error: 401 x\n", "", 1, &healthy, CLASS_AUTH,
         SOURCE_TEXT},
        {"marker", "forbidden\n", "", 2, NULL, CLASS_FORBIDDEN, SOURCE_MARKER},
        {"marker, exit 0", "forbidden\n", "", 0, NULL, CLASS_NONE, SOURCE_NOTHING},
        {"text, marker on the other stream", LIMIT "\n", "forbidden\n", 2, NULL, CLASS_FORBIDDEN,
         SOURCE_MARKER},
        {"marker, text on the other stream", "forbidden\n", LIMIT "\n", 2, NULL, CLASS_FORBIDDEN,
         SOURCE_MARKER},
        {"marker that excuses", LIMIT "\n", "fine: caught\n", 2, NULL, CLASS_NONE, SOURCE_MARKER},
        {"text on both streams", LIMIT "\n", "API Error: 401 x\n", 2, NULL, CLASS_LIMIT,
         SOURCE_TEXT},
        {"text, exit status", LIMIT "\n", "", 75, NULL, CLASS_LIMIT, SOURCE_TEXT},
        {"exit status", "", "", 75, NULL, CLASS_NETWORK, SOURCE_EXIT},
        {"another exit status", "", "", 2, NULL, CLASS_NONE, SOURCE_NOTHING},
        {"exit status and healthy result", RESULT("false", "null", "?"), "", 75, &healthy,
         CLASS_NETWORK, SOURCE_EXIT},
    };
    struct options options;
    struct buffer error = {0};
    assert_int_equal(options_parse((int)COUNT(words) - 1, (char **)words, &options, &error), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene scene = {.bytes = {rows[i].out, rows[i].err},
                              .ending = {.code = rows[i].code},
                              .transcript = rows[i].transcript,
                              .taught = &options.taught};
        struct play play;
        play_scene(&scene, &play);
        if (play.finding.class != rows[i].class || play.finding.source != rows[i].source)
            fail_msg("%s: %s from %s", rows[i].name, failure_class_name(play.finding.class),
                     failure_source_name(play.finding.source));
        if (rows[i].source == SOURCE_EXIT)
            assert_string_equal(play.finding.line, "exit status 75");
        play_finish(&play);
    }
    options_finish(&options);
}

/* Codes that are no index of a table. */
static void test_odd_exit_codes(void **state)
{
    (void)state;
    static const int codes[] = {-1, 256, 100000};
    static const struct taught taught;
    const struct evidence evidence = {0};
    for (size_t i = 0; i < COUNT(codes); i++) {
        const struct ending ending = {.code = codes[i]};
        assert_int_equal(verdict_find(&ending, &evidence, NULL, &taught).class, CLASS_NONE);
        assert_int_equal(verdict_find(&ending, &evidence, NULL, NULL).class, CLASS_NONE);
    }
}

/* The transcript says what the text mode's sentence said, and an event the exact time. */
static void test_transcript_with_a_window(void **state)
{
    (void)state;
    static const char row[] =
        "{\"type\":\"assistant\",\"isApiErrorMessage\":true,\"apiErrorStatus\":429,\"error\":"
        "\"rate_limit\",\"message\":{\"model\":\"<synthetic>\",\"content\":[{\"type\":\"text\","
        "\"text\":\"" LIMIT "\"}]}}";
    struct transcript transcript = {.time = {instant(PLAY_NOW), &utc_zones}};
    transcript_read_row(&transcript, row, strlen(row));
    struct scene scene = {.bytes = {WINDOW("five_hour", ",\"resetsAt\":1795216945")},
                          .transcript = &transcript};
    struct play play;
    play_scene(&scene, &play);
    assert_int_equal(play.finding.class, CLASS_LIMIT);
    assert_int_equal(play.finding.source, SOURCE_TRANSCRIPT);
    assert_int_equal(play.finding.until, 1795216945);
    assert_string_equal(play.finding.line, LIMIT);
    play_finish(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_order_of_evidence),
        cmocka_unit_test(test_odd_exit_codes),
        cmocka_unit_test(test_transcript_with_a_window),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
