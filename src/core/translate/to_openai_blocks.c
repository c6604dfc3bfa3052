#include "base/jsontext.h"
#include "core/translate/to_openai_parts.h"

#include <string.h>

void openai_note_others(struct open_turn *turn, struct part block)
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

void openai_add_text(struct open_turn *turn, struct buffer *out, struct part inside)
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
        openai_add_text(turn, out, raw_inside(raw_member(source, "data")));
    else if (raw_equals(type, "base64") ||
             (raw_equals(type, "url") && RESPONSES(turn->translation)))
        add_file(turn, out, source, title);
    else
        translation_note(turn->translation, "messages.document", raw_inside(type));
}

void openai_add_part(struct open_turn *turn, struct buffer *out, struct part block)
{
    struct part type = raw_member(block, "type");
    if (raw_equals(type, "text"))
        openai_add_text(turn, out, raw_inside(raw_member(block, "text")));
    else if (raw_equals(type, "image"))
        add_image(turn, out, block);
    else if (raw_equals(type, "document"))
        add_document(turn, out, block);
    else {
        translation_note(turn->translation, "messages", raw_inside(type));
        return;
    }
    openai_note_others(turn, block);
}

void openai_add_call_id(struct open_turn *turn, struct buffer *out, struct part id)
{
    char changed[TOOLNAME_MOST + 1];
    raw_add_inside(out, RESPONSES(turn->translation) ? "call_id" : "tool_call_id",
                   toolid_send(id, changed));
}

void openai_begin_result(struct open_turn *turn, struct part id)
{
    jsontext_comma(turn->out);
    buffer_append_text(turn->out, RESPONSES(turn->translation)
                                      ? "{\"type\":\"function_call_output\""
                                      : "{\"role\":\"tool\"");
    openai_add_call_id(turn, turn->out, id);
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
        openai_note_others(turn, block);
        if (ret_text->length > prefix)
            buffer_append_text(ret_text, "\\n");
        raw_append(ret_text, raw_inside(raw_member(block, "text")));
    }
    openai_note_others(turn, result);
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
        openai_add_text(turn, out, (struct part){buffer_text(&text), text.length});
        turn->only = (struct part){"", 0};
        out->failed |= text.failed;
        buffer_finish(&text);
    }
    while (raw_next(&items, &block))
        if (!raw_equals(raw_member(block, "type"), "text"))
            openai_add_part(turn, out, block);
}

void openai_add_result(struct open_turn *turn, struct part block, struct part id)
{
    struct buffer text = {0}, array = {0};
    struct part content = raw_member(block, "content");
    size_t others = result_text(turn, block, &text);
    struct part inside = {buffer_text(&text), text.length};
    openai_begin_result(turn, id);
    if (others > 0 && RESPONSES(turn->translation)) {
        openai_add_text(turn, &array, inside);
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

void openai_add_stray(struct open_turn *turn, struct part block)
{
    struct buffer text = {0};
    size_t others = result_text(turn, block, &text);
    struct part id = raw_inside(raw_member(block, "tool_use_id"));
    if (text.length > 0) {
        openai_add_text(turn, &turn->parts, (struct part){buffer_text(&text), text.length});
        turn->only = (struct part){"", 0};
    }
    if (others > 0)
        add_result_others(turn, id, raw_member(block, "content"), &turn->parts);
    turn->out->failed |= text.failed;
    buffer_finish(&text);
}
