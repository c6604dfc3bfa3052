#include "base/jsontext.h"
#include "core/translate/to_openai_parts.h"

#include <string.h>

#define BILLING "x-anthropic-billing-header:"

static bool starts(struct part text, const char *start)
{
    return text.length >= strlen(start) && memcmp(text.text, start, strlen(start)) == 0;
}

static void join(struct buffer *out, const char *between, struct part inside)
{
    if (inside.length == 0)
        return;
    if (out->length > 0)
        buffer_append_text(out, between);
    raw_append(out, inside);
}

/* The billing block has a new random value in each request, which no prompt cache outlives. */
void openai_system(struct translation *translation, struct part system, struct buffer *out)
{
    static const char *const known[] = {"type", "text", "cache_control", NULL};
    struct raw_items items = raw_items(system);
    struct part block;
    if (raw_is(system, '"') && !starts(raw_inside(system), BILLING))
        raw_append(out, raw_inside(system));
    while (raw_next(&items, &block)) {
        struct part text = raw_inside(raw_member(block, "text"));
        translation_note_others(translation, "system", block, known);
        if (!raw_equals(raw_member(block, "type"), "text"))
            translation_note(translation, "system", raw_inside(raw_member(block, "type")));
        else if (!starts(text, BILLING))
            join(out, "\\n\\n", text);
    }
}

static bool take_call(struct open_turn *turn, struct part id)
{
    for (size_t i = 0; i < turn->calls_count; i++)
        if (turn->calls[i].length == id.length &&
            memcmp(turn->calls[i].text, id.text, id.length) == 0) {
            memmove(turn->calls + i, turn->calls + i + 1,
                    (turn->calls_count - i - 1) * sizeof turn->calls[0]);
            turn->calls_count--;
            return true;
        }
    return false;
}

/* Each call needs a result right behind it. */
static void end_calls(struct open_turn *turn)
{
    for (size_t i = 0; i < turn->calls_count; i++) {
        openai_begin_result(turn, turn->calls[i]);
        buffer_append_text(turn->out, "\"(no result)\"}");
    }
    turn->calls_count = 0;
}

static void end_user(struct open_turn *turn, const char *role)
{
    if (turn->count > 0) {
        jsontext_comma(turn->out);
        buffer_append_char(turn->out, '{');
        jsontext_add_string(turn->out, "role", role);
        if (turn->count == 1 && turn->only.length > 0) {
            raw_add_inside(turn->out, "content", turn->only);
        } else {
            jsontext_name(turn->out, "content");
            buffer_append_char(turn->out, '[');
            buffer_append(turn->out, buffer_text(&turn->parts), turn->parts.length);
            buffer_append_char(turn->out, ']');
        }
        buffer_append_char(turn->out, '}');
    }
    turn->out->failed |= turn->parts.failed;
    buffer_clear(&turn->parts);
    turn->count = 0;
}

static bool is_result(struct part block)
{
    return raw_equals(raw_member(block, "type"), "tool_result");
}

static void add_user(struct open_turn *turn, struct part content)
{
    struct raw_items results = raw_items(content), rest = raw_items(content);
    struct part block;
    while (raw_next(&results, &block)) {
        struct part id = raw_inside(raw_member(block, "tool_use_id"));
        if (!is_result(block))
            continue;
        if (take_call(turn, id))
            openai_add_result(turn, block, id);
        else
            openai_add_stray(turn, block);
    }
    end_calls(turn);
    if (raw_is(content, '"'))
        openai_add_text(turn, &turn->parts, raw_inside(content));
    while (raw_next(&rest, &block))
        if (!is_result(block))
            openai_add_part(turn, &turn->parts, block);
    end_user(turn, "user");
}

static void add_arguments(struct buffer *out, struct part input)
{
    jsontext_name(out, "arguments");
    buffer_append_char(out, '"');
    raw_quote(out, raw_is(input, '{') ? input : RAW("{}"));
    buffer_append_char(out, '"');
}

static void add_call(struct open_turn *turn, struct part block, struct buffer *calls)
{
    struct part id = raw_inside(raw_member(block, "id"));
    struct part input = raw_member(block, "input");
    char name[TOOLNAME_MOST + 1], changed[TOOLNAME_MOST + 1];
    struct part sent =
        toolname_send(&turn->translation->names, raw_inside(raw_member(block, "name")), name);
    if (turn->calls_count == CALLS_MOST) {
        translation_refuse(turn->translation, "messages.content",
                           "more than 256 calls in one turn");
        return;
    }
    turn->calls[turn->calls_count++] = id;
    openai_note_others(turn, block);
    jsontext_comma(calls);
    if (RESPONSES(turn->translation)) {
        buffer_append_text(calls, "{\"type\":\"function_call\"");
        openai_add_call_id(turn, calls, id);
        raw_add_inside(calls, "name", sent);
        add_arguments(calls, input);
        buffer_append_char(calls, '}');
        return;
    }
    buffer_append_char(calls, '{');
    raw_add_inside(calls, "id", toolid_send(id, changed));
    buffer_append_text(calls, ",\"type\":\"function\",\"function\":{");
    raw_add_inside(calls, "name", sent);
    add_arguments(calls, input);
    buffer_append_text(calls, "}}");
}

static void end_assistant(struct open_turn *turn, const struct buffer *text,
                          const struct buffer *calls)
{
    struct buffer *out = turn->out;
    struct part inside = {buffer_text(text), text->length};
    bool responses = RESPONSES(turn->translation);
    out->failed |= text->failed || calls->failed;
    if (inside.length > 0 && responses) {
        jsontext_comma(out);
        buffer_append_text(out,
                           "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
                           "\"output_text\"");
        raw_add_inside(out, "text", inside);
        buffer_append_text(out, "}]}");
    }
    if (responses && calls->length > 0) {
        jsontext_comma(out);
        buffer_append(out, buffer_text(calls), calls->length);
    }
    if (responses || (inside.length == 0 && calls->length == 0))
        return;
    jsontext_comma(out);
    buffer_append_text(out, "{\"role\":\"assistant\"");
    if (inside.length > 0)
        raw_add_inside(out, "content", inside);
    else
        buffer_append_text(out, ",\"content\":null");
    if (calls->length > 0) {
        buffer_append_text(out, ",\"tool_calls\":[");
        buffer_append(out, buffer_text(calls), calls->length);
        buffer_append_char(out, ']');
    }
    buffer_append_char(out, '}');
}

/* Thinking is signed by the one who thought it, and means nothing to another. */
static void add_assistant(struct open_turn *turn, struct part content)
{
    struct buffer text = {0}, calls = {0};
    struct raw_items items = raw_items(content);
    struct part block;
    if (raw_is(content, '"'))
        raw_append(&text, raw_inside(content));
    while (raw_next(&items, &block)) {
        struct part type = raw_member(block, "type");
        if (raw_equals(type, "text"))
            join(&text, "\\n\\n", raw_inside(raw_member(block, "text"))),
                openai_note_others(turn, block);
        else if (raw_equals(type, "tool_use"))
            add_call(turn, block, &calls);
        else if (!raw_equals(type, "thinking") && !raw_equals(type, "redacted_thinking"))
            translation_note(turn->translation, "messages", raw_inside(type));
    }
    end_assistant(turn, &text, &calls);
    buffer_finish(&text);
    buffer_finish(&calls);
}

static void add_system(struct open_turn *turn, struct part content)
{
    struct buffer text = {0};
    openai_system(turn->translation, content, &text);
    openai_add_text(turn, &turn->parts, (struct part){buffer_text(&text), text.length});
    end_user(turn, RESPONSES(turn->translation) ? "developer" : "system");
    turn->out->failed |= text.failed;
    buffer_finish(&text);
}

static void check_content(struct translation *translation, struct part content)
{
    if (content.length > 0 && !raw_is(content, '"') && !raw_is(content, '['))
        translation_refuse(translation, "messages.content", "expected a string or an array");
}

void openai_turns(struct translation *translation, struct part messages, struct buffer *out)
{
    static const char *const names[] = {"role", "content", NULL};
    struct open_turn turn = {.translation = translation, .out = out};
    struct raw_items items = raw_items(messages);
    struct part message, values[2];
    while (raw_next(&items, &message)) {
        (void)raw_members(message, names, values, translation_note_message, translation);
        check_content(translation, values[1]);
        if (!raw_equals(values[0], "user"))
            end_calls(&turn);
        if (raw_equals(values[0], "user"))
            add_user(&turn, values[1]);
        else if (raw_equals(values[0], "assistant"))
            add_assistant(&turn, values[1]);
        else if (raw_equals(values[0], "system"))
            add_system(&turn, values[1]);
        else
            translation_refuse(translation, "messages.role", "expected user or assistant");
    }
    end_calls(&turn);
    buffer_finish(&turn.parts);
}
