#include "base/cursor.h"
#include "base/jsontext.h"
#include "core/translate/to_openai_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define STOPS_MOST    4  /* of Chat Completions */
#define OUTPUT_LEAST  16 /* of Responses */
#define EFFORT_LOW    2048
#define EFFORT_MEDIUM 8192
#define OUTPUT_NAME   "out"

enum {
    MODEL,
    SYSTEM,
    MESSAGES,
    MAX_TOKENS,
    TEMPERATURE,
    TOP_P,
    STOPS,
    STREAM,
    METADATA,
    TOOLS,
    CHOICE,
    THINKING,
    OUTPUT_CONFIG,
    OUTPUT_FORMAT,
    FIELDS,
};

static const char *const fields[FIELDS + 1] = {
    "model",       "system",         "messages",      "max_tokens",    "temperature",
    "top_p",       "stop_sequences", "stream",        "metadata",      "tools",
    "tool_choice", "thinking",       "output_config", "output_format",
};

bool openai_model_reasons(const char *model)
{
    const char *slash = strrchr(model, '/');
    const char *name = slash ? slash + 1 : model;
    return strncmp(name, "gpt-5", 5) == 0 ||
           (name[0] == 'o' && char_is_digit(name[1]) && !char_is_letter(name[2]));
}

/* So that one person's requests are known to belong together and the person is not. */
static void add_hash(struct buffer *out, const char *name, const char *text, size_t length)
{
    unsigned char hash[16];
    char hex[2 * sizeof hash + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, length, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    jsontext_add_string(out, name, hex);
}

static void add_user(struct translation *translation, struct part metadata, struct buffer *out)
{
    struct part user = raw_inside(raw_member(metadata, "user_id"));
    static const char *const known[] = {"user_id", NULL};
    translation_note_others(translation, "metadata", metadata, known);
    if (user.length > 0 && translation_sends(translation, REFUSABLE_USER, "metadata.user_id"))
        add_hash(out, "safety_identifier", user.text, user.length);
    if (translation->session && translation_sends(translation, REFUSABLE_CACHE, "prompt_cache_key"))
        add_hash(out, "prompt_cache_key", translation->session, strlen(translation->session));
}

static void add_sampling(struct translation *translation, const struct part *values,
                         struct buffer *out)
{
    static const struct {
        int field;
        unsigned refusable;
    } sampled[] = {
        {TEMPERATURE, REFUSABLE_TEMPERATURE}, {TOP_P, REFUSABLE_TOP_P}, {STOPS, REFUSABLE_STOP}};
    bool reasons =
        openai_model_reasons(translation->model ? translation->model : translation->asked);
    for (size_t i = 0; i < COUNT(sampled); i++) {
        int field = sampled[i].field;
        bool fits = !reasons && (field != STOPS || !RESPONSES(translation));
        if (values[field].length == 0)
            continue;
        if (!fits)
            translation_note(translation, "", (struct part){fields[field], strlen(fields[field])});
        else if (translation_sends(translation, sampled[i].refusable, fields[field]) &&
                 field != STOPS)
            raw_add(out, fields[field], values[field]);
    }
    if (!(translation->sent & REFUSABLE_STOP) || !raw_is(values[STOPS], '['))
        return;
    struct raw_items items = raw_items(values[STOPS]);
    struct part item;
    size_t count = 0;
    jsontext_name(out, "stop");
    buffer_append_char(out, '[');
    for (; raw_next(&items, &item); count++) {
        if (count >= STOPS_MOST) {
            translation_note(translation, "stop_sequences", RAW("5"));
            break;
        }
        jsontext_comma(out);
        raw_append(out, item);
    }
    buffer_append_char(out, ']');
}

static const char *effort_of(const struct part *values)
{
    static const char *const rows[][2] = {
        {"minimal", "minimal"}, {"low", "low"},    {"medium", "medium"},
        {"high", "high"},       {"xhigh", "high"}, {"max", "high"},
    };
    struct part effort = raw_member(values[OUTPUT_CONFIG], "effort");
    for (size_t i = 0; i < COUNT(rows); i++)
        if (raw_equals(effort, rows[i][0]))
            return rows[i][1];
    struct part type = raw_member(values[THINKING], "type");
    if (!raw_equals(type, "enabled"))
        return NULL;
    int64_t budget = raw_count(raw_member(values[THINKING], "budget_tokens"));
    return budget <= EFFORT_LOW ? "low" : budget <= EFFORT_MEDIUM ? "medium" : "high";
}

static void add_effort(struct translation *translation, const struct part *values,
                       struct buffer *out)
{
    const char *effort = effort_of(values);
    bool reasons =
        openai_model_reasons(translation->model ? translation->model : translation->asked);
    if (!effort)
        return;
    if (!reasons) {
        translation_note(translation, "", RAW("thinking"));
        return;
    }
    if (!translation_sends(translation, REFUSABLE_EFFORT, "thinking"))
        return;
    if (!RESPONSES(translation)) {
        jsontext_add_string(out, "reasoning_effort", effort);
        return;
    }
    jsontext_name(out, "reasoning");
    buffer_append_char(out, '{');
    jsontext_add_string(out, "effort", effort);
    jsontext_add_string(out, "summary", "auto");
    buffer_append_char(out, '}');
}

static size_t count_members(struct part object, struct part required, bool *ret_all_required)
{
    struct scan scan = {object.text, object.text + object.length};
    struct part name, value, item;
    size_t count = 0;
    if (!scan_enter(&scan, '{'))
        return 0;
    while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value)) {
        struct raw_items items = raw_items(required);
        bool found = false;
        while (!found && raw_next(&items, &item)) {
            struct part inside = raw_inside(item);
            found =
                inside.length == name.length && memcmp(inside.text, name.text, name.length) == 0;
        }
        *ret_all_required &= found;
    }
    return count;
}

/* Strict wants every object closed and every property required; it is asked for only then. */
static bool is_strict(struct part schema, int depth)
{
    static const char *const names[] = {"type",  "properties", "required", "additionalProperties",
                                        "items", NULL};
    struct part v[5];
    bool all = true;
    if (depth > 16 || !raw_members(schema, names, v, NULL, NULL))
        return false;
    if (raw_equals(v[0], "array"))
        return is_strict(v[4], depth + 1);
    if (!raw_equals(v[0], "object"))
        return v[0].length > 0;
    (void)count_members(v[1], v[2], &all);
    if (!raw_is(v[3], 'f') || !all)
        return false;
    struct scan scan = {v[1].text, v[1].text + v[1].length};
    struct part name, value;
    size_t count = 0;
    if (!scan_enter(&scan, '{'))
        return true;
    while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value))
        if (!is_strict(value, depth + 1))
            return false;
    return true;
}

static void add_format(struct translation *translation, const struct part *values,
                       struct buffer *out)
{
    struct part format = raw_member(values[OUTPUT_CONFIG], "format");
    if (format.length == 0)
        format = values[OUTPUT_FORMAT];
    struct part schema = raw_member(format, "schema");
    if (!raw_equals(raw_member(format, "type"), "json_schema") || schema.length == 0)
        return;
    buffer_append_text(out,
                       RESPONSES(translation)
                           ? ",\"text\":{\"format\":{\"type\":\"json_schema\""
                           : ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{");
    jsontext_add_string(out, "name", OUTPUT_NAME);
    raw_add(out, "schema", schema);
    jsontext_name(out, "strict");
    buffer_append_text(out, is_strict(schema, 0) ? "true" : "false");
    buffer_append_text(out, "}}");
}

static void note_field(void *context, struct part name)
{
    translation_note(context, "", name);
}

static void add_messages(struct translation *translation, const struct part *values,
                         struct buffer *out)
{
    if (RESPONSES(translation)) {
        struct buffer system = {0};
        openai_system(translation, values[SYSTEM], &system);
        if (system.length > 0)
            raw_add_inside(out, "instructions", (struct part){system.data, system.length});
        out->failed |= system.failed;
        buffer_finish(&system);
    }
    jsontext_name(out, RESPONSES(translation) ? "input" : "messages");
    buffer_append_char(out, '[');
    if (!RESPONSES(translation)) {
        struct buffer system = {0};
        openai_system(translation, values[SYSTEM], &system);
        if (system.length > 0) {
            buffer_append_text(out, "{\"role\":\"system\"");
            raw_add_inside(out, "content", (struct part){system.data, system.length});
            buffer_append_char(out, '}');
        }
        out->failed |= system.failed;
        buffer_finish(&system);
    }
    openai_turns(translation, values[MESSAGES], out);
    buffer_append_char(out, ']');
}

static void add_limit(struct translation *translation, struct part most, struct buffer *out)
{
    int64_t count = raw_count(most);
    if (most.length == 0)
        return;
    if (RESPONSES(translation))
        jsontext_add_integer(out, "max_output_tokens", count < OUTPUT_LEAST ? OUTPUT_LEAST : count);
    else if (translation->omit & REFUSABLE_LIMIT)
        raw_add(out, "max_tokens", most);
    else if (translation_sends(translation, REFUSABLE_LIMIT, "max_tokens"))
        raw_add(out, "max_completion_tokens", most);
}

void request_to_openai(struct translation *translation, struct part body, struct buffer *out)
{
    struct part values[FIELDS];
    if (!raw_members(body, fields, values, note_field, translation)) {
        translation_refuse(translation, "body", "expected one JSON object");
        return;
    }
    struct part asked = raw_inside(values[MODEL]);
    if (asked.length == 0)
        translation_refuse(translation, "model", "expected the name of a model");
    if (!raw_is(values[MESSAGES], '['))
        translation_refuse(translation, "messages", "expected an array");
    if (values[MAX_TOKENS].length > 0 && raw_count(values[MAX_TOKENS]) == 0)
        translation_refuse(translation, "max_tokens", "expected a number of 1 or more");
    if (values[TOOLS].length > 0 && !raw_is(values[TOOLS], '['))
        translation_refuse(translation, "tools", "expected an array");
    translation_keep_asked(translation, asked);
    translation->stream = raw_is(values[STREAM], 't');
    if (translation->model)
        jsontext_add_string(out, "model", translation->model);
    else
        raw_add(out, "model", values[MODEL]);
    add_messages(translation, values, out);
    add_limit(translation, values[MAX_TOKENS], out);
    add_sampling(translation, values, out);
    if (translation->stream)
        buffer_append_text(out, ",\"stream\":true");
    if (translation->stream && !RESPONSES(translation) &&
        translation_sends(translation, REFUSABLE_USAGE, "stream_options"))
        buffer_append_text(out, ",\"stream_options\":{\"include_usage\":true}");
    add_user(translation, values[METADATA], out);
    openai_tools(translation, values[TOOLS], values[CHOICE], out);
    add_effort(translation, values, out);
    add_format(translation, values, out);
    if (RESPONSES(translation) && translation_sends(translation, REFUSABLE_STORE, "store"))
        buffer_append_text(out, ",\"store\":false");
}
