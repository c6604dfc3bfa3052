#include "core/client/options.h"
#include "core/evidence/verdict.h"

#include "play.h"
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURES "tests/data/captures"

/* What the real clients printed (claude-code.md): each name in each format it was captured in. The
 * reset time of a sentence is to the minute, that of a stream's event to the second. */
static const struct capture {
    const char *name, *format;
    enum failure_class class;
    enum failure_scope scope;
    const char *what, *until;
} captures[] = {
    {"ok", "text", CLASS_NONE, SCOPE_KEY, "", NULL},
    {"ok", "json", CLASS_NONE, SCOPE_KEY, "", NULL},
    {"ok", "stream", CLASS_NONE, SCOPE_KEY, "", NULL},
    {"session-limit", "text", CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:21:00Z"},
    {"session-limit", "json", CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:21:00Z"},
    {"session-limit", "stream", CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:22:10Z"},
    {"weekly-limit", "text", CLASS_LIMIT, SCOPE_KEY, "weekly limit", "2026-11-24T08:41:00Z"},
    {"weekly-limit", "json", CLASS_LIMIT, SCOPE_KEY, "weekly limit", "2026-11-24T08:41:00Z"},
    {"weekly-limit", "stream", CLASS_LIMIT, SCOPE_KEY, "weekly limit", "2026-11-24T08:42:10Z"},
    {"limit-mid-run", "text", CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:21:00Z"},
    {"limit-mid-run", "json", CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:22:00Z"},
    {"limit-mid-run", "stream", CLASS_LIMIT, SCOPE_KEY, "session limit", "2026-11-20T23:22:25Z"},
    {"server-limit", "text", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
    {"server-limit", "json", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
    {"server-limit", "stream", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
    {"api-rate-limit", "text", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
    {"api-rate-limit", "json", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
    {"api-rate-limit", "stream", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
    {"api-key-invalid", "text", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"api-key-invalid", "json", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"api-key-invalid", "stream", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"token-invalid", "text", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"token-invalid", "json", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"token-invalid", "stream", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"token-revoked", "text", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"token-revoked", "json", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"token-revoked", "stream", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"not-logged-in", "text", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"not-logged-in", "json", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"not-logged-in", "stream", CLASS_AUTH, SCOPE_KEY, "", NULL},
    {"credit-too-low", "text", CLASS_BILLING, SCOPE_ORGANIZATION, "", NULL},
    {"credit-too-low", "json", CLASS_BILLING, SCOPE_ORGANIZATION, "", NULL},
    {"credit-too-low", "stream", CLASS_BILLING, SCOPE_ORGANIZATION, "", NULL},
    {"overloaded", "text", CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"overloaded", "json", CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"overloaded", "stream", CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"server-error", "text", CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"server-error", "json", CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"server-error", "stream", CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"node-sdk-ok", NULL, CLASS_NONE, SCOPE_KEY, "", NULL},
    {"node-sdk-overloaded", NULL, CLASS_SERVER, SCOPE_KEY, "", NULL},
    {"node-sdk-rate-limit", NULL, CLASS_THROTTLED, SCOPE_ORGANIZATION, "", NULL},
};

struct recording {
    char name[64];
    struct buffer streams[STREAM_COUNT];
    int exit_code;
};

static void read_part(const char *name, const char *suffix, struct buffer *ret_bytes)
{
    char path[128];
    snprintf(path, sizeof path, CAPTURES "/%s.%s", name, suffix);
    read_source_file(path, ret_bytes);
}

static void load(const struct capture *capture, struct recording *recording)
{
    struct buffer code = {0};
    *recording = (struct recording){0};
    snprintf(recording->name, sizeof recording->name, "%s%s%s", capture->name,
             capture->format ? "." : "", capture->format ? capture->format : "");
    read_part(recording->name, "stdout", &recording->streams[STREAM_OUT]);
    read_part(recording->name, "stderr", &recording->streams[STREAM_ERR]);
    read_part(recording->name, "exit", &code);
    assert_true(code.length > 0);
    recording->exit_code = atoi(buffer_text(&code));
    buffer_finish(&code);
}

static void unload(struct recording *recording)
{
    for (int i = 0; i < STREAM_COUNT; i++)
        buffer_finish(&recording->streams[i]);
}

static struct scene scene_of(const struct recording *recording)
{
    struct scene scene = {.ending = {.code = recording->exit_code}};
    for (int i = 0; i < STREAM_COUNT; i++) {
        scene.bytes[i] = buffer_text(&recording->streams[i]);
        scene.length[i] = recording->streams[i].length;
    }
    return scene;
}

static void expect_bytes(const char *name, const struct play *play, const struct scene *scene)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        size_t length =
            scene->length[i] || !scene->bytes[i] ? scene->length[i] : strlen(scene->bytes[i]);
        if (play->passed[i].length != length ||
            memcmp(buffer_text(&play->passed[i]), scene->bytes[i] ? scene->bytes[i] : "", length) !=
                0)
            fail_msg("%s: stream %d is not passed on as it was", name, i);
    }
}

static void expect_capture(const struct capture *capture, const struct finding *finding)
{
    int64_t until = capture->until ? instant(capture->until) : 0;
    if (finding->class != capture->class || finding->scope != capture->scope ||
        finding->until != until || strcmp(finding->what, capture->what) != 0 ||
        strcmp(finding->model, "") != 0)
        fail_msg("%s.%s: %s, %s, \"%s\", \"%s\", %lld", capture->name,
                 capture->format ? capture->format : "", failure_class_name(finding->class),
                 failure_scope_name(finding->scope), finding->what, finding->model,
                 (long long)finding->until);
    assert_int_equal(*finding->line != '\0', capture->class != CLASS_NONE);
}

static void test_captures(void **state)
{
    (void)state;
    static const size_t read_sizes[] = {0, 1, 3, 64, 1000};
    for (size_t i = 0; i < COUNT(captures); i++) {
        struct recording recording;
        load(&captures[i], &recording);
        struct scene scene = scene_of(&recording);
        for (size_t r = 0; r < COUNT(read_sizes); r++) {
            struct play play;
            scene.read_size = read_sizes[r];
            play_scene(&scene, &play);
            expect_capture(&captures[i], &play.finding);
            expect_bytes(recording.name, &play, &scene);
            play_finish(&play);
        }
        unload(&recording);
    }
}

/* Nothing of a used-up key's output reaches the reader before the verdict but what came before the
 * first mark; a healthy run waits for nothing. */
static void test_captures_held_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(captures); i++) {
        struct recording recording;
        struct play play;
        load(&captures[i], &recording);
        struct scene scene = scene_of(&recording);
        play_scene(&scene, &play);
        const struct buffer *out = &play.passed[STREAM_OUT], *err = &play.passed[STREAM_ERR];
        if (captures[i].class == CLASS_NONE) {
            assert_int_equal(play.early[STREAM_OUT], out->length);
            assert_int_equal(play.early[STREAM_ERR], err->length);
        } else {
            assert_true(play.early[STREAM_OUT] + play.early[STREAM_ERR] <
                        out->length + err->length);
            if (memmem(buffer_text(out), play.early[STREAM_OUT], "limit ·", strlen("limit ·")) ||
                memmem(buffer_text(out), play.early[STREAM_OUT], "API Error", 9))
                fail_msg("%s: a mark went out early", recording.name);
        }
        play_finish(&play);
        unload(&recording);
    }
}

static const struct capture *find_capture(const char *file)
{
    for (size_t i = 0; i < COUNT(captures); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s.", captures[i].name, captures[i].format ? "." : "",
                 captures[i].format ? captures[i].format : "");
        if (strncmp(file, name, strlen(name)) == 0)
            return &captures[i];
    }
    return NULL;
}

/* A capture that is added has to be given a row. */
static void test_every_capture_has_a_row(void **state)
{
    (void)state;
    char path[4096];
    size_t files = 0;
    snprintf(path, sizeof path, "%s/" CAPTURES, getenv("TEST_ROOT"));
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        files++;
        if (!find_capture(entry->d_name))
            fail_msg("%s has no row", entry->d_name);
    }
    closedir(folder);
    assert_true(files >= 2 * COUNT(captures));
}

/* Text counts with a failure alone; an error result counts always, for newer clients exit 0. */
static void test_captures_with_exit_0(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(captures); i++) {
        const char *format = captures[i].format;
        bool structured = format && strcmp(format, "text") != 0;
        struct recording recording;
        struct play play;
        load(&captures[i], &recording);
        struct scene scene = scene_of(&recording);
        scene.ending.code = 0;
        play_scene(&scene, &play);
        if (play.finding.class != (structured ? captures[i].class : CLASS_NONE))
            fail_msg("%s: %s", recording.name, failure_class_name(play.finding.class));
        expect_bytes(recording.name, &play, &scene);
        play_finish(&play);
        unload(&recording);
    }
}

/* The sentence as the answer of a run that went well, in each format: {text, json, stream}. */
static void test_sentences_as_answers(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        "%.*s\n",
        "{\"type\":\"result\",\"is_error\":false,\"api_error_status\":null,\"result\":\"%.*s\"}\n",
        ("{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"content\":[{"
         "\"type\":"
         "\"text\",\"text\":\"%.*s\"}]}}\n{\"is_error\":false,\"type\":\"result\"}\n"),
        "%.*s\n{\"is_error\":false,\"type\":\"result\"}\n",
    };
    for (size_t i = 0; i < COUNT(captures); i++) {
        if (!captures[i].format || strcmp(captures[i].format, "text") != 0)
            continue;
        struct recording recording;
        load(&captures[i], &recording);
        const char *text = buffer_text(&recording.streams[STREAM_OUT]);
        for (size_t s = 0; s < COUNT(shapes); s++) {
            struct buffer out = {0};
            struct play play;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            buffer_append_format(&out, shapes[s], (int)strcspn(text, "\n"), text);
#pragma GCC diagnostic pop
            struct scene scene = {.bytes = {buffer_text(&out)}};
            play_scene(&scene, &play);
            if (play.finding.class != CLASS_NONE)
                fail_msg("%s: %s", buffer_text(&out), failure_class_name(play.finding.class));
            expect_bytes(recording.name, &play, &scene);
            play_finish(&play);
            buffer_finish(&out);
        }
        unload(&recording);
    }
}

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
        expect_bytes(runs[i].name, &play, &scene);
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
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_captures_held_back),
        cmocka_unit_test(test_every_capture_has_a_row),
        cmocka_unit_test(test_captures_with_exit_0),
        cmocka_unit_test(test_sentences_as_answers),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_order_of_evidence),
        cmocka_unit_test(test_odd_exit_codes),
        cmocka_unit_test(test_transcript_with_a_window),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
