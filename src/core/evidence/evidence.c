#include "core/evidence/evidence.h"

#include "base/cursor.h"
#include "base/json.h"
#include "core/evidence/errorfields.h"
#include "core/evidence/plain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void copy_id(char *target, const char *text)
{
    if (text)
        snprintf(target, EVIDENCE_ID, "%s", text);
}

/* It becomes a file's name and a word of a command line, and a model's text may look like a row of
 * the client's: anything else than an id is passed over. */
static void copy_session(struct evidence *evidence, const char *id)
{
    size_t length = 0;
    while (id && char_is_word(id[length]))
        length++;
    if (length > 0 && !id[length] && *id != '-')
        copy_id(evidence->session_id, id);
}

static bool contains(const char *line, size_t length, const char *word)
{
    return memmem(line, length, word, strlen(word)) != NULL;
}

/* {"type":"result",…}: the last word of Claude Code's json and stream-json output. */
static enum line_kind read_result(struct evidence *evidence, const cJSON *object)
{
    evidence->result_seen = true;
    evidence->result_is_error = json_is_true(object, "is_error");
    evidence->result = (struct finding){0};
    copy_session(evidence, json_string(object, "session_id"));
    if (!evidence->result_is_error) {
        evidence->served = true;
        return LINE_GOES_ON;
    }
    int r =
        errorfields_read(object, json_string(object, "result"), &evidence->time, &evidence->result);
    evidence->unread |= r < 0;
    evidence->result.source = SOURCE_RESULT;
    /* An assistant row may have told the window more exactly. */
    if (r > 0 && evidence->row.class == evidence->result.class && evidence->row.until > 0)
        errorfields_apply_window(&evidence->row, &evidence->result);
    return LINE_MARK;
}

/* The words "rate_limit" prove nothing: healthy runs carry this event with status "allowed". */
static enum line_kind read_rate_limit_event(struct evidence *evidence, const cJSON *object)
{
    const cJSON *info = json_get(object, "rate_limit_info");
    const char *status = json_string(info, "status");
    bool overage = json_is_true(info, "isUsingOverage");
    evidence->overage |= overage;
    /* The last event counts: served again is not used up. */
    evidence->window_rejected = errorfields_read_window(info, &evidence->window);
    return status && strcmp(status, "rejected") == 0 && !overage ? LINE_MARK : LINE_PLAIN;
}

static enum line_kind read_assistant(struct evidence *evidence, const cJSON *object)
{
    const cJSON *message = json_get(object, "message");
    const char *model = json_string(message, "model");
    if (!model || strcmp(model, "<synthetic>") != 0) {
        evidence->work_begun = true;
        copy_id(evidence->model, model);
        evidence->row = (struct finding){0};
        return LINE_GOES_ON;
    }
    evidence->row = (struct finding){0};
    int r =
        errorfields_read(object, errorfields_first_text(message), &evidence->time, &evidence->row);
    evidence->unread |= r < 0;
    return r != 0 || errorfields_is_error(object) ? LINE_MARK : LINE_PLAIN;
}

static enum line_kind read_system(struct evidence *evidence, const cJSON *object)
{
    const char *subtype = json_string(object, "subtype");
    if (!subtype || strcmp(subtype, "init") != 0)
        return LINE_PLAIN;
    copy_session(evidence, json_string(object, "session_id"));
    copy_id(evidence->key_source, json_string(object, "apiKeySource"));
    copy_id(evidence->model, json_string(object, "model"));
    return LINE_PLAIN;
}

static enum line_kind read_object(struct evidence *evidence, const cJSON *object)
{
    static const struct {
        const char *type;
        enum line_kind (*read)(struct evidence *, const cJSON *);
    } readers[] = {{"result", read_result},
                   {"rate_limit_event", read_rate_limit_event},
                   {"assistant", read_assistant},
                   {"system", read_system}};
    const char *type = json_string(object, "type");
    for (size_t i = 0; type && i < sizeof readers / sizeof readers[0]; i++)
        if (strcmp(readers[i].type, type) == 0)
            return readers[i].read(evidence, object);
    return LINE_PLAIN;
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

/* True if the line is JSON, with what it means. */
static bool read_json(struct evidence *evidence, const char *line, size_t length,
                      enum line_kind *ret_kind)
{
    if (!is_worth_parsing(line, length))
        return false;
    CLEANUP_JSON cJSON *json = NULL;
    evidence->unread |= json_read(line, length, &json, NULL) == -ENOMEM;
    if (!json)
        return false;
    *ret_kind = LINE_PLAIN;
    if (cJSON_IsObject(json)) {
        *ret_kind = read_object(evidence, json);
        return true;
    }
    const cJSON *item;
    cJSON_ArrayForEach (item, json) { /* --output-format json --verbose: one array on one line */
        enum line_kind kind = read_object(evidence, item);
        *ret_kind = kind == LINE_PLAIN ? *ret_kind : kind;
    }
    return true;
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
    int r = message_classify(line, length, &evidence->time, &finding);
    evidence->unread |= r < 0;
    if (r > 0) {
        finding.source = SOURCE_TEXT;
        /* What a person taught with --marker comes before what is built in. */
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

enum line_kind evidence_read_line(struct evidence *evidence, enum stream_id stream,
                                  const char *line, size_t length)
{
    enum line_kind kind;
    while (length > 0 && line[length - 1] == '\r')
        length--;
    int marker = read_marker(evidence, stream, line, length);
    if (marker >= 0)
        return marker ? LINE_MARK : LINE_PLAIN;
    if (length > 1 && (line[0] == '{' || line[0] == '[') &&
        read_json(evidence, line, length, &kind))
        return kind;
    bool known = read_text(evidence, stream, line, length);
    return known || (evidence->last_word && stream == STREAM_OUT) ? LINE_MARK : LINE_PLAIN;
}

size_t evidence_seek(struct evidence *evidence, const char *bytes, size_t length)
{
    bool all = !evidence->trigger || evidence->last_word ||
               (evidence->taught && evidence->taught->marker_count > 0);
    return all ? 0 : trigger_find(evidence->trigger, bytes, length);
}
