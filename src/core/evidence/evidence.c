#include "core/evidence/evidence.h"

#include "base/json.h"
#include "core/evidence/plain.h"
#include "core/evidence/window.h"

#include <stdio.h>
#include <string.h>

/* Within how many bytes an error body names itself. */
#define BODY_BEGINNING 64

static void copy_id(char *target, const char *text)
{
    if (text)
        snprintf(target, EVIDENCE_ID, "%s", text);
}

static bool contains(const char *line, size_t length, const char *word)
{
    return memmem(line, length, word, strlen(word)) != NULL;
}

/* {"type":"result",…}: the last word of Claude Code's json and stream-json output. */
static bool read_result(struct evidence *evidence, const cJSON *object)
{
    int64_t status = 0;
    evidence->result_seen = true;
    evidence->result_is_error = json_is_true(object, "is_error");
    evidence->result = (struct finding){0};
    copy_id(evidence->session_id, json_string(object, "session_id"));
    if (!evidence->result_is_error)
        return false;
    (void)json_integer(object, "api_error_status", &status);
    bool known = message_classify_structured((int)status, NULL, json_string(object, "result"),
                                             &evidence->time, &evidence->result);
    evidence->unread |= message_ran_out_of_memory();
    evidence->result.source = SOURCE_RESULT;
    return known;
}

/* The words "rate_limit" prove nothing: healthy runs carry this event with status "allowed". */
static bool read_rate_limit_event(struct evidence *evidence, const cJSON *object)
{
    const cJSON *info = json_get(object, "rate_limit_info");
    const char *status = json_string(info, "status"), *type = json_string(info, "rateLimitType");
    bool overage = json_is_true(info, "isUsingOverage");
    evidence->overage |= overage;
    evidence->window_rejected = false; /* the last event counts: served again is not used up */
    if (!status || strcmp(status, "rejected") != 0 || overage)
        return false;
    struct finding window = {.class = CLASS_LIMIT, .source = SOURCE_RESULT};
    int64_t until;
    if (json_integer(info, "resetsAt", &until))
        window.until = until;
    if (type)
        window_apply(type, &window);
    /* Without a window it is the provider's own throttle, which the result will name. */
    if (type || window.until) {
        evidence->window = window;
        evidence->window_rejected = true;
    }
    return true;
}

static bool read_assistant(struct evidence *evidence, const cJSON *object)
{
    const cJSON *message = json_get(object, "message");
    const char *model = json_string(message, "model");
    bool synthetic = model && strcmp(model, "<synthetic>") == 0;
    if (!synthetic) {
        evidence->work_begun = true;
        copy_id(evidence->model, model);
        return false;
    }
    struct finding finding;
    const cJSON *block = cJSON_GetArrayItem(json_get(message, "content"), 0);
    bool known = message_classify_structured(0, json_string(object, "error"),
                                             json_string(block, "text"), &evidence->time, &finding);
    evidence->unread |= message_ran_out_of_memory();
    return known;
}

static bool read_system(struct evidence *evidence, const cJSON *object)
{
    const char *subtype = json_string(object, "subtype");
    if (!subtype || strcmp(subtype, "init") != 0)
        return false;
    copy_id(evidence->session_id, json_string(object, "session_id"));
    copy_id(evidence->key_source, json_string(object, "apiKeySource"));
    copy_id(evidence->model, json_string(object, "model"));
    return false;
}

static bool read_object(struct evidence *evidence, const cJSON *object)
{
    static const struct {
        const char *type;
        bool (*read)(struct evidence *, const cJSON *);
    } readers[] = {{"result", read_result},
                   {"rate_limit_event", read_rate_limit_event},
                   {"assistant", read_assistant},
                   {"system", read_system}};
    const char *type = json_string(object, "type");
    for (size_t i = 0; type && i < sizeof readers / sizeof readers[0]; i++)
        if (strcmp(readers[i].type, type) == 0)
            return readers[i].read(evidence, object);
    return false;
}

/* Cheap words that every object of interest holds: the rest is not worth parsing. */
static bool is_worth_parsing(const char *line, size_t length)
{
    static const char *const words[] = {"\"result\"", "\"rate_limit_event\"", "\"assistant\"",
                                        "\"init\""};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (contains(line, length, words[i]))
            return true;
    return false;
}

static bool read_json(struct evidence *evidence, const char *line, size_t length)
{
    if (!is_worth_parsing(line, length))
        return false;
    CLEANUP_JSON cJSON *json = json_parse(line, length, NULL);
    evidence->unread |= json_ran_out_of_memory();
    if (cJSON_IsObject(json))
        return read_object(evidence, json);
    bool mark = false;
    const cJSON *item;
    cJSON_ArrayForEach (item, json) /* --output-format json --verbose: one array on one line */
        mark |= read_object(evidence, item);
    return mark;
}

static const struct marker *find_marker(struct evidence *evidence, const struct buffer *text)
{
    const struct taught *taught = evidence->taught;
    evidence->unread |= text->failed;
    for (size_t i = 0; i < taught->marker_count; i++) {
        int r = regexec(&taught->markers[i].regex, buffer_text(text), 0, NULL, 0);
        evidence->unread |= r == REG_ESPACE;
        if (r == 0)
            return &taught->markers[i];
    }
    return NULL;
}

/* --marker: 1 it means a failure, 0 it means none, -1 no marker matches. */
static int read_marker(struct evidence *evidence, enum stream_id stream, const char *line,
                       size_t length)
{
    struct buffer text = {0};
    if (!evidence->taught || evidence->taught->marker_count == 0)
        return -1;
    plain_append(line, length, &text);
    const struct marker *marker = find_marker(evidence, &text);
    if (marker) {
        struct finding *finding = &evidence->text[stream].finding;
        *finding = (struct finding){.class = marker->class, .source = SOURCE_MARKER};
        snprintf(finding->line, sizeof finding->line, "%s", buffer_text(&text));
        int64_t until;
        if (resettime_find(buffer_text(&text), evidence->time.now, evidence->time.zones, &until))
            finding->until = until;
    }
    buffer_finish(&text);
    return !marker ? -1 : marker->class != CLASS_NONE;
}

static bool read_text(struct evidence *evidence, enum stream_id stream, const char *line,
                      size_t length)
{
    struct finding finding;
    bool *chained = &evidence->text[stream].chained;
    bool known = message_classify(line, length, &evidence->time, &finding);
    evidence->unread |= message_ran_out_of_memory();
    if (known) {
        finding.source = SOURCE_TEXT;
        /* What a person told with --marker goes before what is built in. */
        if (evidence->text[stream].finding.source != SOURCE_MARKER)
            evidence->text[stream].finding = finding;
        *chained = false;
        return true;
    }
    /* Another exception after the message: the run went on and failed of something else, unless
     * the language says that one caused the other. */
    if (evidence->text[stream].finding.source == SOURCE_TEXT &&
        message_is_other_error(line, length, chained) && !*chained)
        evidence->text[stream].finding = (struct finding){0};
    return false;
}

bool evidence_read_line(struct evidence *evidence, enum stream_id stream, const char *line,
                        size_t length)
{
    while (length > 0 && line[length - 1] == '\r')
        length--;
    int marker = read_marker(evidence, stream, line, length);
    if (marker >= 0)
        return marker;
    if (length > 1 && (line[0] == '{' || line[0] == '[')) {
        if (read_json(evidence, line, length))
            return true;
        /* As text only the provider's bare error body counts: {"type":"error",… */
        if (!contains(line, length < BODY_BEGINNING ? length : BODY_BEGINNING, "error"))
            return false;
    }
    return read_text(evidence, stream, line, length);
}

bool evidence_wants_line(const struct evidence *evidence, enum stream_id stream, const char *bytes,
                         size_t length)
{
    return (evidence->taught && evidence->taught->marker_count > 0) ||
           evidence->text[stream].finding.source != SOURCE_NOTHING ||
           message_may_start(bytes, length);
}
