#include "base/json.h"
#include "core/evidence/verdict.h"
#include "core/pool/policy.h"

#include "play.h"
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the real clients printed (claude-code.md), by version, and when. */
enum version { V197, V332, VERSIONS };

static const struct {
    const char *folder, *now;
} versions[VERSIONS] = {
    [V197] = {"tests/data/captures", "2026-11-20T21:20:00Z"},
    [V332] = {"tests/data/captures-2.1.332", "2026-11-25T23:10:00Z"},
};

/* NULL is an SDK's script, which has one form alone. */
static const char *const formats[] = {"text", "json", "stream", NULL};
#define FORMATS COUNT(formats)

/* One event, in each format that it was captured in: the class, scope and reset are the same in
 * all, but for when each was run. The reset time of a sentence is to the minute, that of a stream's
 * event to the second. */
static const struct capture {
    enum version version;
    const char *name;
    enum failure_class class;
    enum failure_scope scope;
    const char *model;
    const char *until[FORMATS];
} captures[] = {
    {V197, "ok", CLASS_NONE, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197,
     "session-limit",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-20T23:21:00Z", "2026-11-20T23:21:00Z", "2026-11-20T23:22:10Z"}},
    {V197,
     "weekly-limit",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-24T08:41:00Z", "2026-11-24T08:41:00Z", "2026-11-24T08:42:10Z"}},
    {V197,
     "limit-mid-run",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-20T23:21:00Z", "2026-11-20T23:22:00Z", "2026-11-20T23:22:25Z"}},
    {V197, "server-limit", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V197, "api-rate-limit", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V197, "api-key-invalid", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "token-invalid", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "token-revoked", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "not-logged-in", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "credit-too-low", CLASS_BILLING, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V197, "overloaded", CLASS_SERVER, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "server-error", CLASS_SERVER, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "node-sdk-ok", CLASS_NONE, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "node-sdk-overloaded", CLASS_SERVER, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V197, "node-sdk-rate-limit", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V332, "ok", CLASS_NONE, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "midstream-error", CLASS_NONE, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "bad-model", CLASS_NONE, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332,
     "session-limit",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-26T00:52:00Z", "2026-11-26T00:53:00Z", "2026-11-26T00:53:03Z"}},
    {V332,
     "limit-mid-run",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-26T01:09:00Z", "2026-11-26T01:09:00Z", "2026-11-26T01:09:15Z"}},
    {V332,
     "weekly-limit",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-29T10:13:00Z", "2026-11-29T10:13:00Z", "2026-11-29T10:13:39Z"}},
    {V332,
     "model-limit-sonnet",
     CLASS_LIMIT,
     SCOPE_MODEL,
     "sonnet",
     {"2026-11-29T10:14:00Z", "2026-11-29T10:14:00Z", "2026-11-29T10:15:16Z"}},
    {V332,
     "fable-credits",
     CLASS_LIMIT,
     SCOPE_MODEL,
     "fable",
     {"2026-11-26T01:13:00Z", NULL, NULL}},
    {V332,
     "fable-requires",
     CLASS_LIMIT,
     SCOPE_MODEL,
     "fable",
     {"2026-11-26T01:13:00Z", NULL, NULL}},
    {V332,
     "overage-limit",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-29T10:16:00Z", "2026-11-29T10:16:00Z", "2026-11-29T10:16:23Z"}},
    {V332,
     "extra-usage-out",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-26T00:56:00Z", "2026-11-26T00:56:00Z", "2026-11-26T00:56:32Z"}},
    {V332,
     "extra-usage-monthly",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-26T00:56:00Z", "2026-11-26T00:56:00Z", "2026-11-26T00:56:51Z"}},
    {V332,
     "out-of-usage-credits",
     CLASS_LIMIT,
     SCOPE_KEY,
     "",
     {"2026-11-26T01:13:00Z", NULL, NULL}},
    {V332, "org-spend-cap", CLASS_LIMIT, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "group-zero", CLASS_LIMIT, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "daily-cap-paused", CLASS_LIMIT, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "service-disabled", CLASS_FORBIDDEN, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "server-limit", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V332, "api-rate-limit", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V332, "api-key-invalid", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "token-invalid", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "token-revoked", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "not-logged-in", CLASS_AUTH, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "credit-too-low", CLASS_BILLING, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V332, "overloaded", CLASS_SERVER, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "server-error", CLASS_SERVER, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "connection-reset", CLASS_NETWORK, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "net-127-0-0-1-9", CLASS_NETWORK, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "net-nohost-invalid", CLASS_NETWORK, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "node-sdk-ok", CLASS_NONE, SCOPE_KEY, "", {NULL, NULL, NULL}},
    {V332, "node-sdk-credit", CLASS_BILLING, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
    {V332, "node-sdk-rate-limit", CLASS_THROTTLED, SCOPE_ORGANIZATION, "", {NULL, NULL, NULL}},
};

struct recording {
    char name[64];
    struct buffer streams[STREAM_COUNT];
    int exit_code;
};

static bool read_part(const struct capture *capture, const char *name, const char *suffix,
                      struct buffer *ret_bytes)
{
    char path[128], full[4096];
    snprintf(path, sizeof path, "%s/%s.%s", versions[capture->version].folder, name, suffix);
    snprintf(full, sizeof full, "%s/%s", getenv("TEST_ROOT"), path);
    if (access(full, F_OK) != 0)
        return false;
    read_source_file(path, ret_bytes);
    return true;
}

/* False if there is none in this format. What was not printed has no file. */
static bool load(const struct capture *capture, const char *format, struct recording *recording)
{
    struct buffer code = {0};
    *recording = (struct recording){0};
    snprintf(recording->name, sizeof recording->name, "%s%s%s", capture->name, format ? "." : "",
             format ? format : "");
    if (!read_part(capture, recording->name, "exit", &code))
        return false;
    (void)read_part(capture, recording->name, "stdout", &recording->streams[STREAM_OUT]);
    (void)read_part(capture, recording->name, "stderr", &recording->streams[STREAM_ERR]);
    assert_true(code.length > 0);
    recording->exit_code = atoi(buffer_text(&code));
    buffer_finish(&code);
    return true;
}

static void unload(struct recording *recording)
{
    for (int i = 0; i < STREAM_COUNT; i++)
        buffer_finish(&recording->streams[i]);
}

static struct scene scene_of(const struct capture *capture, const struct recording *recording)
{
    struct scene scene = {.ending = {.code = recording->exit_code},
                          .now = versions[capture->version].now};
    for (int i = 0; i < STREAM_COUNT; i++) {
        scene.bytes[i] = buffer_text(&recording->streams[i]);
        scene.length[i] = recording->streams[i].length;
    }
    return scene;
}

static void expect_capture(const struct capture *capture, size_t format, const char *how,
                           const struct finding *finding)
{
    int64_t until = capture->until[format] ? instant(capture->until[format]) : 0;
    if (finding->class != capture->class || finding->scope != capture->scope ||
        finding->until != until || strcmp(finding->model, capture->model) != 0)
        fail_msg("%s %s: %s, %s, \"%s\", %lld: %s", capture->name, how,
                 failure_class_name(finding->class), failure_scope_name(finding->scope),
                 finding->model, (long long)finding->until, finding->line);
}

/* Calls `check` with every recording. */
static void for_each(void (*check)(const struct capture *, size_t format, struct recording *))
{
    for (size_t i = 0; i < COUNT(captures); i++) {
        size_t found = 0;
        for (size_t format = 0; format < FORMATS; format++) {
            struct recording recording;
            if (!load(&captures[i], formats[format], &recording))
                continue;
            check(&captures[i], format, &recording);
            unload(&recording);
            found++;
        }
        if (found == 0)
            fail_msg("%s: there is no such capture", captures[i].name);
    }
}

static void check_capture(const struct capture *capture, size_t format, struct recording *recording)
{
    static const size_t read_sizes[] = {0, 1, 3, 64, 1000};
    struct scene scene = scene_of(capture, recording);
    for (size_t r = 0; r < COUNT(read_sizes); r++) {
        struct play play;
        scene.read_size = read_sizes[r];
        play_scene(&scene, &play);
        expect_capture(capture, format, recording->name, &play.finding);
        assert_int_equal(*play.finding.line != '\0', capture->class != CLASS_NONE);
        play_expect_bytes(recording->name, &play, &scene);
        if (capture->class != CLASS_NONE) {
            int64_t now = instant(versions[capture->version].now);
            assert_int_equal(policy_told(&play.finding, now, NULL),
                             play.finding.until ? TOLD_TAKEN : TOLD_NOT);
        }
        play_finish(&play);
    }
}

static void test_captures(void **state)
{
    (void)state;
    for_each(check_capture);
}

/* The row that the transcript has of the event, made of the stream's, which has the same members
 * under other names. */
static char *transcript_row(const struct buffer *stream)
{
    static const char *const names[][2] = {{"is_api_error_message", "isApiErrorMessage"},
                                           {"api_error_status", "apiErrorStatus"},
                                           {"api_error", "apiError"},
                                           {"api_error_type", "apiErrorType"},
                                           {"api_error_params", "apiErrorParams"}};
    cJSON *last = NULL, *result = NULL;
    for (const char *at = buffer_text(stream); *at;) {
        size_t length = strcspn(at, "\n");
        cJSON *row = json_parse(at, length, NULL);
        const char *type = json_string(row, "type");
        cJSON **keep = type && strcmp(type, "assistant") == 0 ? &last
                       : type && strcmp(type, "result") == 0  ? &result
                                                              : NULL;
        cJSON_Delete(keep ? *keep : row);
        if (keep)
            *keep = row;
        at += length + (at[length] == '\n');
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        cJSON *member = cJSON_DetachItemFromObject(last, names[i][0]);
        if (member)
            cJSON_AddItemToObject(last, names[i][1], member);
    }
    if (json_is_true(result, "is_error") && !json_get(last, "isApiErrorMessage")) {
        int64_t status = 0;
        (void)json_integer(result, "api_error_status", &status);
        cJSON_AddTrueToObject(last, "isApiErrorMessage");
        cJSON_AddNumberToObject(last, "apiErrorStatus", (double)status);
    }
    char *text = cJSON_PrintUnformatted(last);
    cJSON_Delete(last);
    cJSON_Delete(result);
    return text;
}

static void check_transcript(const struct capture *capture, size_t format,
                             struct recording *recording)
{
    if (!formats[format] || strcmp(formats[format], "stream") != 0)
        return;
    struct transcript transcript = {.time = {instant(versions[capture->version].now), &utc_zones}};
    char *row = transcript_row(&recording->streams[STREAM_OUT]);
    transcript_read_row(&transcript, row, strlen(row));
    cJSON_free(row);
    if (transcript.last.class != capture->class || transcript.last.scope != capture->scope ||
        strcmp(transcript.last.model, capture->model) != 0)
        fail_msg("%s, transcript: %s, %s, \"%s\"", capture->name,
                 failure_class_name(transcript.last.class),
                 failure_scope_name(transcript.last.scope), transcript.last.model);
    /* The event's seconds stand in no row of the older version. */
    int64_t until = capture->until[format] ? instant(capture->until[format]) : 0;
    if (transcript.last.until / 60 != until / 60)
        fail_msg("%s, transcript: %lld", capture->name, (long long)transcript.last.until);
    assert_int_equal(transcript.last_was_error, recording->exit_code != 0);
}

static void test_transcripts(void **state)
{
    (void)state;
    for_each(check_transcript);
}

/* Nothing of a failed attempt reaches the reader before the verdict but what came before the
 * failure, whatever it says; a healthy run waits for nothing. */
static void check_held_back(const struct capture *capture, size_t format,
                            struct recording *recording)
{
    struct play play;
    (void)format;
    struct scene scene = scene_of(capture, recording);
    scene.last_word = formats[format] && capture->class != CLASS_NONE;
    play_scene(&scene, &play);
    const struct buffer *out = &play.passed[STREAM_OUT], *err = &play.passed[STREAM_ERR];
    if (recording->exit_code == 0) {
        assert_int_equal(play.early[STREAM_OUT], out->length);
        assert_int_equal(play.early[STREAM_ERR], err->length);
    } else if (capture->class != CLASS_NONE) {
        assert_true(play.early[STREAM_OUT] + play.early[STREAM_ERR] < out->length + err->length);
        const char *mark = play.finding.line;
        if (*mark && memmem(buffer_text(out), play.early[STREAM_OUT], mark, strlen(mark)))
            fail_msg("%s: a mark went out early", recording->name);
    }
    play_finish(&play);
}

static void test_captures_held_back(void **state)
{
    (void)state;
    for_each(check_held_back);
}

static bool has_row(enum version version, const char *file)
{
    for (size_t i = 0; i < COUNT(captures); i++) {
        size_t length = strlen(captures[i].name);
        if (captures[i].version == version && strncmp(file, captures[i].name, length) == 0 &&
            file[length] == '.')
            return true;
    }
    return false;
}

/* A capture that is added has to be given a row. */
static void test_every_capture_has_a_row(void **state)
{
    (void)state;
    for (int version = 0; version < VERSIONS; version++) {
        char path[4096];
        size_t files = 0;
        snprintf(path, sizeof path, "%s/%s", getenv("TEST_ROOT"), versions[version].folder);
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder));) {
            if (entry->d_name[0] == '.')
                continue;
            files++;
            if (!has_row((enum version)version, entry->d_name))
                fail_msg("%s has no row", entry->d_name);
        }
        closedir(folder);
        assert_true(files > 50);
    }
}

/* Text counts with a failure alone; an error result counts always, for newer clients exit 0. */
static void check_with_exit_0(const struct capture *capture, size_t format,
                              struct recording *recording)
{
    struct play play;
    bool structured = formats[format] && strcmp(formats[format], "text") != 0;
    struct scene scene = scene_of(capture, recording);
    scene.ending.code = 0;
    play_scene(&scene, &play);
    if (play.finding.class != (structured ? capture->class : CLASS_NONE))
        fail_msg("%s: %s", recording->name, failure_class_name(play.finding.class));
    play_expect_bytes(recording->name, &play, &scene);
    play_finish(&play);
}

static void test_captures_with_exit_0(void **state)
{
    (void)state;
    for_each(check_with_exit_0);
}

/* The sentence as the answer of a run that went well, in each format: {text, json, stream}. */
static void check_as_answer(const struct capture *capture, size_t format,
                            struct recording *recording)
{
    static const char *const shapes[] = {
        "%.*s\n",
        "{\"type\":\"result\",\"is_error\":false,\"api_error_status\":null,\"result\":\"%.*s\"}\n",
        ("{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"content\":[{"
         "\"type\":\"text\",\"text\":\"%.*s\"}]}}\n{\"is_error\":false,\"type\":\"result\"}\n"),
        "%.*s\n{\"is_error\":false,\"type\":\"result\"}\n",
    };
    (void)capture;
    if (!formats[format] || strcmp(formats[format], "text") != 0)
        return;
    const char *text = buffer_text(&recording->streams[STREAM_OUT]);
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
        play_expect_bytes(recording->name, &play, &scene);
        play_finish(&play);
        buffer_finish(&out);
    }
}

static void test_sentences_as_answers(void **state)
{
    (void)state;
    for_each(check_as_answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_transcripts),
        cmocka_unit_test(test_captures_held_back),
        cmocka_unit_test(test_every_capture_has_a_row),
        cmocka_unit_test(test_captures_with_exit_0),
        cmocka_unit_test(test_sentences_as_answers),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
