#include "base/cursor.h"
#include "base/jsontext.h"
#include "core/translate/request_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OUTPUT_DEFAULT 8192
#define OUTPUT_OLD     4096 /* the most that Claude 3 gives */
#define BUDGET_LEAST   1024
#define JSON_ONLY      "Answer with one JSON object and nothing else."

enum {
    MODEL,
    MESSAGES,
    INPUT,
    INSTRUCTIONS,
    MAX_TOKENS,
    MAX_COMPLETION,
    MAX_OUTPUT,
    STOP,
    TEMPERATURE,
    TOP_P,
    N,
    STREAM,
    STREAM_OPTIONS,
    TOOLS,
    FUNCTIONS,
    CHOICE,
    PARALLEL,
    RESPONSE_FORMAT,
    TEXT,
    EFFORT,
    REASONING,
    USER,
    PREVIOUS,
    LEGACY_CHOICE,
    MODALITIES,
    BACKGROUND,
    CONVERSATION,
    PROMPT,
    FIELDS,
};

static const char *const fields[FIELDS + 1] = {
    "model",
    "messages",
    "input",
    "instructions",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "stop",
    "temperature",
    "top_p",
    "n",
    "stream",
    "stream_options",
    "tools",
    "functions",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "text",
    "reasoning_effort",
    "reasoning",
    "user",
    "previous_response_id",
    "function_call",
    "modalities",
    "background",
    "conversation",
    "prompt",
};

/* Thinking as a model takes it: of its own measure, or with a budget. */
static bool is_adaptive(const char *model)
{
    static const char *const names[] = {
        "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-sonnet-4-6",
        "claude-opus-5",   "claude-sonnet-5", "claude-haiku-5",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strncmp(model, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static int64_t budget_of(struct part effort)
{
    static const struct {
        const char *name;
        int64_t budget;
    } rows[] = {{"low", 2048}, {"medium", 8192}, {"high", 16384}, {"xhigh", 24576}};
    for (size_t i = 0; i < COUNT(rows); i++)
        if (raw_equals(effort, rows[i].name))
            return rows[i].budget;
    return 0;
}

struct thought {
    bool adaptive;
    int64_t budget; /* 0: no thinking */
    int64_t most;   /* max_tokens */
    struct part effort;
};

static bool forces_tool(struct part choice)
{
    return raw_equals(choice, "required") || raw_is(choice, '{');
}

static struct thought read_thought(struct translation *translation, const struct part *values,
                                   const struct turns *turns)
{
    const char *model = translation->model ? translation->model : translation->asked;
    struct part effort =
        values[EFFORT].length > 0 ? values[EFFORT] : raw_member(values[REASONING], "effort");
    static const int limits[] = {MAX_COMPLETION, MAX_OUTPUT, MAX_TOKENS};
    struct thought thought = {.adaptive = is_adaptive(model), .effort = effort};
    for (size_t i = 0; i < COUNT(limits) && thought.most == 0; i++)
        thought.most = raw_count(values[limits[i]]);
    bool limited = thought.most > 0;
    if (!limited)
        thought.most = strncmp(model, "claude-3-", 9) == 0 ? OUTPUT_OLD : OUTPUT_DEFAULT;
    if (turns->last_call_is_bare || forces_tool(values[CHOICE]) ||
        strncmp(model, "claude-3-", 9) == 0)
        return thought;
    thought.budget = budget_of(effort);
    if (thought.budget > 0 && !translation_sends(translation, REFUSABLE_EFFORT, "reasoning_effort"))
        thought.budget = 0;
    if (!thought.adaptive && !limited)
        thought.most += thought.budget;
    if (!thought.adaptive && thought.budget >= thought.most)
        thought.budget = thought.most / 2 >= BUDGET_LEAST ? thought.most / 2 : 0;
    return thought;
}

static bool is_over_one(struct part number)
{
    char copy[40] = "";
    snprintf(copy, sizeof copy, "%.*s", number.length < sizeof copy ? (int)number.length : 0,
             number.text);
    return strtod(copy, NULL) > 1;
}

/* Not together with thinking, and not both. */
static void add_sampling(struct translation *translation, const struct part *values, bool thinks,
                         struct buffer *out)
{
    struct part heat = values[TEMPERATURE];
    if (heat.length > 0 && thinks)
        translation_note(translation, "", RAW("temperature"));
    if (values[TOP_P].length > 0 && (thinks || heat.length > 0))
        translation_note(translation, "", RAW("top_p"));
    if (thinks)
        return;
    if (heat.length > 0 && translation_sends(translation, REFUSABLE_TEMPERATURE, "temperature"))
        raw_add(out, "temperature", is_over_one(heat) ? RAW("1") : heat);
    else if (values[TOP_P].length > 0 && heat.length == 0 &&
             translation_sends(translation, REFUSABLE_TOP_P, "top_p"))
        raw_add(out, "top_p", values[TOP_P]);
}

static bool is_blank(struct part inside)
{
    for (size_t i = 0; i < inside.length; i++) {
        if (inside.text[i] == '\\' && char_is_among(inside.text[i + 1], "nrt"))
            i++;
        else if (inside.text[i] != ' ')
            return false;
    }
    return true;
}

static void add_stops(struct part stop, struct buffer *out)
{
    struct raw_items items = raw_items(stop);
    struct buffer array = {0};
    struct part item = stop;
    bool single = raw_is(stop, '"');
    while (single || raw_next(&items, &item)) {
        if (!is_blank(raw_inside(item))) {
            if (array.length > 0)
                buffer_append_char(&array, ',');
            raw_append(&array, item);
        }
        if (single)
            break;
    }
    if (array.length > 0) {
        jsontext_name(out, "stop_sequences");
        buffer_append_char(out, '[');
        buffer_append(out, array.data, array.length);
        buffer_append_char(out, ']');
    }
    out->failed |= array.failed;
    buffer_finish(&array);
}

/* Neither an address nor a number that someone can be called at may be sent. */
static void add_user(struct part user, struct buffer *out)
{
    struct part inside = raw_inside(user);
    size_t others = 0;
    for (size_t i = 0; i < inside.length; i++) {
        if (inside.text[i] == '@')
            return;
        others += !char_is_digit(inside.text[i]) && !char_is_among(inside.text[i], "+-(). ");
    }
    if (others == 0)
        return;
    buffer_append_text(out, ",\"metadata\":{");
    raw_add_inside(out, "user_id", inside);
    buffer_append_char(out, '}');
}

static struct part format_of(const struct part *values)
{
    return values[RESPONSE_FORMAT].length > 0 ? values[RESPONSE_FORMAT]
                                              : raw_member(values[TEXT], "format");
}

static void add_output(const struct part *values, const struct thought *thought, struct buffer *out)
{
    struct part format = format_of(values);
    struct part inner = raw_member(format, "json_schema");
    struct part schema = raw_member(inner.length > 0 ? inner : format, "schema");
    bool typed = raw_equals(raw_member(format, "type"), "json_schema") && schema.length > 0;
    bool adaptive = thought->adaptive && thought->budget > 0;
    if (adaptive)
        buffer_append_text(out, ",\"thinking\":{\"type\":\"adaptive\"}");
    else if (thought->budget > 0)
        buffer_append_format(out, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":%lld}",
                             (long long)thought->budget);
    if (!typed && !adaptive)
        return;
    buffer_append_text(out, ",\"output_config\":{");
    if (adaptive)
        raw_add(out, "effort",
                raw_equals(thought->effort, "xhigh") ? RAW("\"high\"") : thought->effort);
    if (typed) {
        jsontext_name(out, "format");
        buffer_append_text(out, "{\"type\":\"json_schema\"");
        raw_add(out, "schema", schema);
        buffer_append_char(out, '}');
    }
    buffer_append_char(out, '}');
}

/* Our own answers are not kept: one that is meant must stand in the input. */
static bool has_history(struct part input)
{
    struct raw_items items = raw_items(input);
    struct part item;
    while (raw_next(&items, &item))
        if (raw_equals(raw_member(item, "role"), "assistant") ||
            raw_equals(raw_member(item, "type"), "function_call"))
            return true;
    return false;
}

static bool has_sound(struct part modalities)
{
    struct raw_items items = raw_items(modalities);
    struct part item;
    while (raw_next(&items, &item))
        if (!raw_equals(item, "text"))
            return true;
    return false;
}

/* What would be done otherwise than was asked for, without a word. */
static void check_wishes(struct translation *translation, const struct part *values)
{
    if (has_sound(values[MODALITIES]))
        translation_refuse(translation, "modalities", "only text can be answered");
    if (raw_is(values[BACKGROUND], 't'))
        translation_refuse(translation, "background", "answers are not kept here");
    if (values[CONVERSATION].length > 0)
        translation_refuse(translation, "conversation",
                           "conversations are not kept here; send the whole one as input");
    if (values[PROMPT].length > 0 && translation->client == FORMAT_RESPONSES)
        translation_refuse(translation, "prompt", "prompts are not kept here; send its text");
}

static void check_types(struct translation *translation, const struct part *values)
{
    static const int limits[] = {MAX_TOKENS, MAX_COMPLETION, MAX_OUTPUT},
                     arrays[] = {TOOLS, FUNCTIONS};
    for (size_t i = 0; i < COUNT(limits); i++)
        if (values[limits[i]].length > 0 && raw_count(values[limits[i]]) == 0)
            translation_refuse(translation, fields[limits[i]], "expected a number of 1 or more");
    for (size_t i = 0; i < COUNT(arrays); i++)
        if (values[arrays[i]].length > 0 && !raw_is(values[arrays[i]], '['))
            translation_refuse(translation, fields[arrays[i]], "expected an array");
}

static void check(struct translation *translation, const struct part *values)
{
    bool chat = translation->client == FORMAT_CHAT;
    struct part input = values[chat ? MESSAGES : INPUT];
    if (!raw_has_text(values[MODEL]))
        translation_refuse(translation, "model", "expected the name of a model");
    if (!raw_is(input, '[') && (chat || !raw_is(input, '"')))
        translation_refuse(translation, chat ? "messages" : "input",
                           chat ? "expected an array" : "expected a string or an array");
    if (raw_count(values[N]) > 1)
        translation_refuse(translation, "n", "only one answer can be given to a request");
    if (values[PREVIOUS].length > 0 && !has_history(input))
        translation_refuse(translation, "previous_response_id",
                           "answers are not kept here; send the whole conversation as input");
    check_wishes(translation, values);
    check_types(translation, values);
}

static void note_field(void *context, struct part name)
{
    translation_note(context, "", name);
}

static void add_messages(struct translation *translation, const struct part *values,
                         struct turns *turns)
{
    if (raw_is(values[INSTRUCTIONS], '"'))
        turns_system(turns, raw_inside(values[INSTRUCTIONS]));
    if (translation->client == FORMAT_CHAT)
        anthropic_chat_messages(translation, values[MESSAGES], turns);
    else
        anthropic_responses_input(translation, values[INPUT], turns);
    if (raw_equals(raw_member(format_of(values), "type"), "json_object"))
        turns_system(turns, RAW(JSON_ONLY));
    turns_end(turns);
    if (!turns->role)
        translation_refuse(translation, translation->client == FORMAT_CHAT ? "messages" : "input",
                           "expected at least one message with a text");
}

void request_to_anthropic(struct translation *translation, struct part body, struct buffer *out)
{
    struct part values[FIELDS];
    struct buffer messages = {0}, system = {0};
    struct turns turns = {.out = &messages, .system = &system};
    if (!raw_members(body, fields, values, note_field, translation)) {
        translation_refuse(translation, "body", "expected one JSON object");
        return;
    }
    check(translation, values);
    translation_keep_asked(translation, raw_inside(values[MODEL]));
    translation->stream = raw_is(values[STREAM], 't');
    translation->wants_usage = raw_is(raw_member(values[STREAM_OPTIONS], "include_usage"), 't');
    add_messages(translation, values, &turns);
    struct thought thought = read_thought(translation, values, &turns);
    if (translation->model)
        jsontext_add_string(out, "model", translation->model);
    else
        raw_add(out, "model", values[MODEL]);
    jsontext_add_integer(out, "max_tokens", thought.most);
    if (system.length > 0)
        raw_add_inside(out, "system", (struct part){system.data, system.length});
    raw_add(out, "messages", (struct part){buffer_text(&messages), messages.length});
    anthropic_tools(translation, values[TOOLS], values[FUNCTIONS],
                    values[values[CHOICE].length > 0 ? CHOICE : LEGACY_CHOICE], values[PARALLEL],
                    out);
    add_stops(values[STOP], out);
    add_sampling(translation, values, thought.budget > 0, out);
    add_output(values, &thought, out);
    add_user(values[USER], out);
    if (translation->stream)
        buffer_append_text(out, ",\"stream\":true");
    out->failed |= messages.failed || system.failed;
    buffer_finish(&messages);
    buffer_finish(&system);
}
