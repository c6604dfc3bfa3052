#include "base/jsontext.h"
#include "core/translate/request_parts.h"

#include <string.h>

static bool is_system(struct part role)
{
    return raw_equals(role, "system") || raw_equals(role, "developer");
}

static void add_system(struct translation *translation, struct part content, struct turns *turns)
{
    struct raw_items items = raw_items(content);
    struct part part;
    if (raw_is(content, '"'))
        turns_system(turns, raw_inside(content));
    while (raw_next(&items, &part)) {
        struct part text = raw_member(part, "text");
        if (raw_is(text, '"'))
            turns_system(turns, raw_inside(text));
        else
            translation_note(translation, "system", raw_inside(raw_member(part, "type")));
    }
}

static void add_message(struct translation *translation, struct part role, struct part content,
                        struct turns *turns)
{
    if (is_system(role))
        add_system(translation, content, turns);
    else if (raw_equals(role, "user") || raw_equals(role, "assistant"))
        anthropic_content(translation, content, raw_equals(role, "user") ? "user" : "assistant",
                          turns);
    else
        translation_refuse(translation,
                           translation->client == FORMAT_CHAT ? "messages.role" : "input.role",
                           "expected system, developer, user, assistant or tool");
}

static void add_calls(struct translation *translation, struct part calls, struct turns *turns)
{
    struct raw_items items = raw_items(calls);
    struct part call;
    while (raw_next(&items, &call)) {
        struct part function = raw_member(call, "function");
        if (function.length == 0) {
            translation_note(translation, "messages.tool_calls",
                             raw_inside(raw_member(call, "type")));
            continue;
        }
        anthropic_call(translation, raw_inside(raw_member(call, "id")),
                       raw_inside(raw_member(function, "name")), raw_member(function, "arguments"),
                       turns);
    }
}

/* Calls of the older kind have no id: their name stands for it, since only one can be open. */
static void add_legacy(struct translation *translation, struct part call, struct turns *turns)
{
    struct part name = raw_inside(raw_member(call, "name"));
    if (name.length > 0)
        anthropic_call(translation, name, name, raw_member(call, "arguments"), turns);
}

void anthropic_chat_messages(struct translation *translation, struct part messages,
                             struct turns *turns)
{
    enum { ROLE, CONTENT, CALLS, CALL_ID, LEGACY, NAME, REFUSAL, MEMBERS };
    static const char *const names[MEMBERS + 1] = {
        "role", "content", "tool_calls", "tool_call_id", "function_call", "name", "refusal"};
    struct raw_items items = raw_items(messages);
    struct part message, v[MEMBERS];
    while (raw_next(&items, &message)) {
        (void)raw_members(message, names, v, translation_note_message, translation);
        if (raw_equals(v[ROLE], "tool") || raw_equals(v[ROLE], "function")) {
            anthropic_result(translation, raw_inside(v[CALL_ID].length ? v[CALL_ID] : v[NAME]),
                             v[CONTENT], turns);
            continue;
        }
        add_message(translation, v[ROLE], v[CONTENT], turns);
        if (!raw_equals(v[ROLE], "assistant"))
            continue;
        turns_text(turns, "assistant", raw_inside(v[REFUSAL]));
        add_calls(translation, v[CALLS], turns);
        add_legacy(translation, v[LEGACY], turns);
    }
}

void anthropic_responses_input(struct translation *translation, struct part input,
                               struct turns *turns)
{
    enum { TYPE, ROLE, CONTENT, CALL_ID, NAME, ARGUMENTS, OUTPUT, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"type", "role",      "content", "call_id",
                                                   "name", "arguments", "output"};
    struct raw_items items = raw_items(input);
    struct part item, v[MEMBERS];
    if (raw_is(input, '"'))
        turns_text(turns, "user", raw_inside(input));
    while (raw_next(&items, &item)) {
        (void)raw_members(item, names, v, NULL, NULL);
        if (raw_equals(v[TYPE], "item_reference"))
            translation_refuse(translation, "input.item_reference",
                               "answers are not kept here; send the item itself");
        if (v[TYPE].length == 0 || raw_equals(v[TYPE], "message"))
            add_message(translation, v[ROLE], v[CONTENT], turns);
        else if (raw_equals(v[TYPE], "function_call"))
            anthropic_call(translation, raw_inside(v[CALL_ID]), raw_inside(v[NAME]), v[ARGUMENTS],
                           turns);
        else if (raw_equals(v[TYPE], "function_call_output"))
            anthropic_result(translation, raw_inside(v[CALL_ID]), v[OUTPUT], turns);
        else
            translation_note(translation, "input", raw_inside(v[TYPE]));
    }
}

static void add_tool(struct translation *translation, struct part tool, struct buffer *out)
{
    char changed[TOOLNAME_MOST + 1];
    struct part name = raw_inside(raw_member(tool, "name"));
    struct part schema = raw_member(tool, "parameters");
    static const char *const known[] = {"type",       "function", "name", "description",
                                        "parameters", "strict",   NULL};
    translation_note_others(translation, "tools", tool, known);
    jsontext_comma(out);
    buffer_append_char(out, '{');
    raw_add_inside(out, "name", toolname_send(&translation->names, name, changed));
    raw_add(out, "description", raw_member(tool, "description"));
    raw_add(out, "input_schema",
            raw_is(schema, '{') ? schema : RAW("{\"type\":\"object\",\"properties\":{}}"));
    buffer_append_char(out, '}');
}

static void add_tools(struct translation *translation, struct part tools, bool legacy,
                      struct buffer *out)
{
    struct raw_items items = raw_items(tools);
    struct part tool;
    while (raw_next(&items, &tool)) {
        struct part type = raw_member(tool, "type"), function = raw_member(tool, "function");
        if (!legacy && !raw_equals(type, "function"))
            translation_note(translation, "tools", raw_inside(type));
        else
            add_tool(translation, function.length > 0 ? function : tool, out);
    }
}

static void add_choice(struct translation *translation, struct part choice, bool one_at_a_time,
                       struct buffer *out)
{
    static const char *const rows[][2] = {
        {"auto", "\"auto\""}, {"required", "\"any\""}, {"none", "\"none\""}};
    struct part function = raw_member(choice, "function");
    struct part name = raw_member(function.length > 0 ? function : choice, "name");
    char changed[TOOLNAME_MOST + 1];
    const char *type = one_at_a_time ? "\"auto\"" : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (raw_equals(choice, rows[i][0]))
            type = rows[i][1];
    if (raw_has_text(name))
        type = "\"tool\"";
    else if (raw_is(choice, '{'))
        translation_note(translation, "", RAW("tool_choice"));
    if (!type)
        return;
    buffer_append_text(out, ",\"tool_choice\":{\"type\":");
    buffer_append_text(out, type);
    if (raw_has_text(name))
        raw_add_inside(out, "name", toolname_send(&translation->names, raw_inside(name), changed));
    if (one_at_a_time && strcmp(type, "\"none\"") != 0)
        buffer_append_text(out, ",\"disable_parallel_tool_use\":true");
    buffer_append_char(out, '}');
}

void anthropic_tools(struct translation *translation, struct part tools, struct part functions,
                     struct part choice, struct part parallel, struct buffer *out)
{
    struct buffer array = {0};
    add_tools(translation, tools, false, &array);
    add_tools(translation, functions, true, &array);
    if (array.length > 0) {
        jsontext_name(out, "tools");
        buffer_append_char(out, '[');
        buffer_append(out, array.data, array.length);
        buffer_append_char(out, ']');
        add_choice(translation, choice, raw_is(parallel, 'f'), out);
    }
    out->failed |= array.failed;
    buffer_finish(&array);
}
