#include "base/jsontext.h"
#include "core/translate/request_parts.h"

#include <string.h>

#define CALLS_MOST   256
#define BILLING      "x-anthropic-billing-header:"
#define RESPONSES(t) ((t)->provider == FORMAT_RESPONSES)

/* One turn while it is put together: what stands in one message there may become several here. */
struct open_turn {
    struct translation *translation;
    struct buffer *out;            /* items of the array of messages */
    struct buffer parts;           /* of the user's message */
    size_t count;                  /* of the parts */
    struct part only;              /* the inside of the one part, if that is a text */
    struct part calls[CALLS_MOST]; /* ids of the last assistant's calls that have no result yet */
    size_t calls_count;
};

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

static void note_others(struct open_turn *turn, struct part block)
{
    static const char *const known[] = {"type",    "text",     "source",        "title",
                                        "id",      "name",     "input",         "tool_use_id",
                                        "content", "is_error", "cache_control", NULL};
    translation_note_others(turn->translation, "messages.content", block, known);
}

static void begin_part(struct open_turn *turn, struct buffer *out)
{
    jsontext_comma(out);
    if (out == &turn->parts)
        turn->count++, turn->only = (struct part){"", 0};
}

static void add_text(struct open_turn *turn, struct buffer *out, struct part inside)
{
    if (inside.length == 0)
        return;
    begin_part(turn, out);
    buffer_append_text(out, RESPONSES(turn->translation) ? "{\"type\":\"input_text\""
                                                         : "{\"type\":\"text\"");
    raw_add_inside(out, "text", inside);
    buffer_append_char(out, '}');
    if (out == &turn->parts && turn->count == 1)
        turn->only = inside;
}

/* The inside of a data URL's string, or of a URL's; false if the source is of another kind. */
static bool append_source(struct part source, const char *media_otherwise, struct buffer *out)
{
    struct part media = raw_inside(raw_member(source, "media_type"));
    if (raw_equals(raw_member(source, "type"), "url")) {
        raw_append(out, raw_inside(raw_member(source, "url")));
        return true;
    }
    if (!raw_equals(raw_member(source, "type"), "base64"))
        return false;
    buffer_append_text(out, "data:");
    if (media.length > 0)
        raw_append(out, media);
    else
        buffer_append_text(out, media_otherwise);
    buffer_append_text(out, ";base64,");
    raw_append(out, raw_inside(raw_member(source, "data")));
    return true;
}

static void add_image(struct open_turn *turn, struct buffer *out, struct part block)
{
    struct part source = raw_member(block, "source");
    struct part type = raw_member(source, "type");
    if (!raw_equals(type, "url") && !raw_equals(type, "base64")) {
        translation_note(turn->translation, "messages.image", raw_inside(type));
        return;
    }
    begin_part(turn, out);
    buffer_append_text(out, RESPONSES(turn->translation)
                                ? "{\"type\":\"input_image\",\"image_url\":\""
                                : "{\"type\":\"image_url\",\"image_url\":{\"url\":\"");
    (void)append_source(source, "image/png", out);
    buffer_append_text(out, RESPONSES(turn->translation) ? "\"}" : "\"}}");
}

static void add_file(struct open_turn *turn, struct buffer *out, struct part source,
                     struct part title)
{
    bool responses = RESPONSES(turn->translation);
    bool is_url = raw_equals(raw_member(source, "type"), "url");
    begin_part(turn, out);
    buffer_append_text(out,
                       responses ? "{\"type\":\"input_file\"" : "{\"type\":\"file\",\"file\":{");
    if (!is_url)
        raw_add_inside(out, "filename", title.length > 0 ? title : RAW("document.pdf"));
    jsontext_name(out, is_url ? "file_url" : "file_data");
    buffer_append_char(out, '"');
    (void)append_source(source, "application/pdf", out);
    buffer_append_text(out, responses ? "\"}" : "\"}}");
}

static void add_document(struct open_turn *turn, struct buffer *out, struct part block)
{
    struct part source = raw_member(block, "source");
    struct part type = raw_member(source, "type");
    struct part title = raw_inside(raw_member(block, "title"));
    if (raw_equals(type, "text"))
        add_text(turn, out, raw_inside(raw_member(source, "data")));
    else if (raw_equals(type, "base64") ||
             (raw_equals(type, "url") && RESPONSES(turn->translation)))
        add_file(turn, out, source, title);
    else
        translation_note(turn->translation, "messages.document", raw_inside(type));
}

/* A part of what a user, or a tool, says; `out` is an array's inside. */
static void add_part(struct open_turn *turn, struct buffer *out, struct part block)
{
    struct part type = raw_member(block, "type");
    if (raw_equals(type, "text"))
        add_text(turn, out, raw_inside(raw_member(block, "text")));
    else if (raw_equals(type, "image"))
        add_image(turn, out, block);
    else if (raw_equals(type, "document"))
        add_document(turn, out, block);
    else {
        translation_note(turn->translation, "messages", raw_inside(type));
        return;
    }
    note_others(turn, block);
}

static void add_call_id(struct open_turn *turn, struct buffer *out, struct part id)
{
    char changed[TOOLNAME_MOST + 1];
    raw_add_inside(out, RESPONSES(turn->translation) ? "call_id" : "tool_call_id",
                   toolid_send(id, changed));
}

static void begin_result(struct open_turn *turn, struct part id)
{
    jsontext_comma(turn->out);
    buffer_append_text(turn->out, RESPONSES(turn->translation)
                                      ? "{\"type\":\"function_call_output\""
                                      : "{\"role\":\"tool\"");
    add_call_id(turn, turn->out, id);
    jsontext_name(turn->out, RESPONSES(turn->translation) ? "output" : "content");
}

/* The texts of a result as the inside of one string. Gives how many of its blocks are none. */
static size_t result_text(struct open_turn *turn, struct part result, struct buffer *ret_text)
{
    struct part content = raw_member(result, "content"), block;
    struct raw_items items = raw_items(content);
    size_t others = 0;
    if (raw_is(raw_member(result, "is_error"), 't'))
        buffer_append_text(ret_text, "[tool error] ");
    size_t prefix = ret_text->length;
    if (raw_is(content, '"'))
        raw_append(ret_text, raw_inside(content));
    while (raw_next(&items, &block)) {
        struct part type = raw_member(block, "type");
        if (!raw_equals(type, "text")) {
            others++;
            continue;
        }
        note_others(turn, block);
        if (ret_text->length > prefix)
            buffer_append_text(ret_text, "\\n");
        raw_append(ret_text, raw_inside(raw_member(block, "text")));
    }
    note_others(turn, result);
    return others;
}

/* Images and documents, which a chat's tool cannot give: they follow in the user's message. */
static void add_result_others(struct open_turn *turn, struct part id, struct part content,
                              struct buffer *out)
{
    struct raw_items items = raw_items(content);
    struct part block;
    if (!RESPONSES(turn->translation)) {
        struct buffer text = {0};
        buffer_append_text(&text, "image from tool call ");
        raw_append(&text, id);
        add_text(turn, out, (struct part){buffer_text(&text), text.length});
        turn->only = (struct part){"", 0};
        out->failed |= text.failed;
        buffer_finish(&text);
    }
    while (raw_next(&items, &block))
        if (!raw_equals(raw_member(block, "type"), "text"))
            add_part(turn, out, block);
}

static void add_result(struct open_turn *turn, struct part block, struct part id)
{
    struct buffer text = {0}, array = {0};
    struct part content = raw_member(block, "content");
    size_t others = result_text(turn, block, &text);
    struct part inside = {buffer_text(&text), text.length};
    begin_result(turn, id);
    if (others > 0 && RESPONSES(turn->translation)) {
        add_text(turn, &array, inside);
        add_result_others(turn, id, content, &array);
        buffer_append_char(turn->out, '[');
        buffer_append(turn->out, buffer_text(&array), array.length);
        buffer_append_text(turn->out, "]}");
    } else {
        buffer_append_char(turn->out, '"');
        raw_append(turn->out, inside);
        buffer_append_text(turn->out, "\"}");
        if (others > 0)
            add_result_others(turn, id, content, &turn->parts);
    }
    turn->out->failed |= text.failed || array.failed;
    buffer_finish(&text);
    buffer_finish(&array);
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

/* A result of no call of the turn before would be refused; its text is not lost for that. */
static void add_stray(struct open_turn *turn, struct part block)
{
    struct buffer text = {0};
    size_t others = result_text(turn, block, &text);
    struct part id = raw_inside(raw_member(block, "tool_use_id"));
    if (text.length > 0) {
        add_text(turn, &turn->parts, (struct part){buffer_text(&text), text.length});
        turn->only = (struct part){"", 0};
    }
    if (others > 0)
        add_result_others(turn, id, raw_member(block, "content"), &turn->parts);
    turn->out->failed |= text.failed;
    buffer_finish(&text);
}

/* Each call needs a result right behind it. */
static void end_calls(struct open_turn *turn)
{
    for (size_t i = 0; i < turn->calls_count; i++) {
        begin_result(turn, turn->calls[i]);
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
            add_result(turn, block, id);
        else
            add_stray(turn, block);
    }
    end_calls(turn);
    if (raw_is(content, '"'))
        add_text(turn, &turn->parts, raw_inside(content));
    while (raw_next(&rest, &block))
        if (!is_result(block))
            add_part(turn, &turn->parts, block);
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
    note_others(turn, block);
    jsontext_comma(calls);
    if (RESPONSES(turn->translation)) {
        buffer_append_text(calls, "{\"type\":\"function_call\"");
        add_call_id(turn, calls, id);
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
            join(&text, "\\n\\n", raw_inside(raw_member(block, "text"))), note_others(turn, block);
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
    add_text(turn, &turn->parts, (struct part){buffer_text(&text), text.length});
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
