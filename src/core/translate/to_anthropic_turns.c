#include "base/cursor.h"
#include "base/jsontext.h"
#include "core/translate/request_parts.h"

#include <stdlib.h>
#include <string.h>

void turns_block(struct turns *turns, const char *role)
{
    struct buffer *out = turns->out;
    bool is_user = strcmp(role, "user") == 0;
    if (turns->role && strcmp(turns->role, role) == 0) {
        buffer_append_char(out, ',');
        return;
    }
    if (!turns->role && !is_user)
        buffer_append_text(out, "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                                "\"\xe2\x80\xa6\"}]},");
    else
        buffer_append_text(out, turns->role ? "]}," : "[");
    buffer_append_char(out, '{');
    jsontext_add_string(out, "role", role);
    buffer_append_text(out, ",\"content\":[");
    turns->role = role;
    turns->last_call_is_bare &= is_user;
}

/* An escape or a byte of white space; 0 if there is none. */
static size_t space_length(struct part inside, size_t at)
{
    if (inside.text[at] == ' ')
        return 1;
    return inside.text[at] == '\\' && char_is_among(inside.text[at + 1], "nrt") ? 2 : 0;
}

static bool is_blank(struct part inside)
{
    size_t at = 0, step;
    while (at < inside.length && (step = space_length(inside, at)) > 0)
        at += step;
    return at >= inside.length;
}

/* A block that holds white space alone is refused. */
void turns_text(struct turns *turns, const char *role, struct part inside)
{
    if (is_blank(inside))
        return;
    turns_block(turns, role);
    buffer_append_text(turns->out, "{\"type\":\"text\"");
    raw_add_inside(turns->out, "text", inside);
    buffer_append_char(turns->out, '}');
}

void turns_system(struct turns *turns, struct part inside)
{
    if (is_blank(inside))
        return;
    if (turns->system->length > 0)
        buffer_append_text(turns->system, "\\n\\n");
    raw_append(turns->system, inside);
}

static bool escaped(const struct buffer *out, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && out->data[at - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* A last turn of the assistant is the beginning of the answer; it may not end in white space. */
static void trim(struct buffer *out)
{
    static const char end[] = "\"}";
    if (out->failed || out->length < sizeof end || memcmp(out->data + out->length - 2, end, 2) != 0)
        return;
    size_t at = out->length - 2;
    while (at > 1) {
        if (out->data[at - 1] == ' ')
            at--;
        else if (char_is_among(out->data[at - 1], "nrt") && escaped(out, at - 1))
            at -= 2;
        else
            break;
    }
    out->length = at;
    buffer_append_text(out, end);
}

void turns_end(struct turns *turns)
{
    if (!turns->role)
        return;
    if (strcmp(turns->role, "assistant") == 0)
        trim(turns->out);
    buffer_append_text(turns->out, "]}]");
}

static bool starts(struct part text, const char *start)
{
    return text.length >= strlen(start) && memcmp(text.text, start, strlen(start)) == 0;
}

static void append_source(struct part url, const char *otherwise, struct buffer *out)
{
    const char *comma = starts(url, "data:") ? memchr(url.text, ',', url.length) : NULL;
    if (!comma) {
        buffer_append_text(out, "\"source\":{\"type\":\"url\"");
        raw_add_inside(out, "url", url);
        buffer_append_text(out, "}}");
        return;
    }
    struct part media = {url.text + 5, (size_t)(comma - url.text - 5)};
    const char *semicolon = memchr(media.text, ';', media.length);
    media.length = semicolon ? (size_t)(semicolon - media.text) : media.length;
    if (media.length == 0)
        media = (struct part){otherwise, strlen(otherwise)};
    buffer_append_text(out, "\"source\":{\"type\":\"base64\"");
    raw_add_inside(out, "media_type", media);
    raw_add_inside(out, "data",
                   (struct part){comma + 1, (size_t)(url.text + url.length - comma - 1)});
    buffer_append_text(out, "}}");
}

static bool is_data_of_base64(struct part url)
{
    const char *comma = memchr(url.text, ',', url.length);
    return !starts(url, "data:") ||
           (comma && comma - url.text >= 7 && memcmp(comma - 7, ";base64", 7) == 0);
}

static void add_image(struct translation *translation, struct part part, const char *role,
                      struct turns *turns)
{
    struct part image = raw_member(part, "image_url");
    struct part url = raw_inside(raw_is(image, '{') ? raw_member(image, "url") : image);
    if (url.length == 0) {
        translation_note(translation, "content", RAW("image"));
        return;
    }
    if (!is_data_of_base64(url))
        translation_refuse(translation, "content.image_url", "expected base64 in the data URL");
    turns_block(turns, role);
    buffer_append_text(turns->out, "{\"type\":\"image\",");
    append_source(url, "image/png", turns->out);
}

static void add_file(struct translation *translation, struct part part, const char *role,
                     struct turns *turns)
{
    struct part inner = raw_member(part, "file");
    struct part file = inner.length > 0 ? inner : part;
    struct part url = raw_inside(raw_member(file, "file_data"));
    struct part title = raw_inside(raw_member(file, "filename"));
    if (url.length == 0)
        url = raw_inside(raw_member(file, "file_url"));
    if (url.length == 0) {
        translation_note(translation, "content", RAW("file"));
        return;
    }
    if (!is_data_of_base64(url))
        translation_refuse(translation, "content.file_data", "expected base64 in the data URL");
    turns_block(turns, role);
    buffer_append_text(turns->out, "{\"type\":\"document\",");
    if (title.length > 0) {
        buffer_append_text(turns->out, "\"title\":\"");
        raw_append(turns->out, title);
        buffer_append_text(turns->out, "\",");
    }
    append_source(url, "application/pdf", turns->out);
}

static void add_part(struct translation *translation, struct part part, const char *role,
                     struct turns *turns)
{
    static const char *const texts[] = {"text", "input_text", "output_text"};
    static const char *const known[] = {"type",      "text",     "image_url",   "file",
                                        "file_data", "file_url", "filename",    "refusal",
                                        "logprobs",  "id",       "annotations", NULL};
    struct part type = raw_member(part, "type");
    translation_note_others(translation, "content", part, known);
    for (size_t i = 0; i < 3; i++)
        if (raw_equals(type, texts[i])) {
            turns_text(turns, role, raw_inside(raw_member(part, "text")));
            return;
        }
    if (raw_equals(type, "refusal"))
        turns_text(turns, role, raw_inside(raw_member(part, "refusal")));
    else if (raw_equals(type, "image_url") || raw_equals(type, "input_image"))
        add_image(translation, part, role, turns);
    else if (raw_equals(type, "file") || raw_equals(type, "input_file"))
        add_file(translation, part, role, turns);
    else if (raw_equals(type, "input_audio"))
        translation_refuse(translation, "content.input_audio", "this model takes no sound");
    else
        translation_note(translation, "content", raw_inside(type));
}

void anthropic_content(struct translation *translation, struct part content, const char *role,
                       struct turns *turns)
{
    struct raw_items items = raw_items(content);
    struct part part;
    if (raw_is(content, '"'))
        turns_text(turns, role, raw_inside(content));
    else if (content.length > 0 && !raw_is(content, '['))
        translation_refuse(
            translation, translation->client == FORMAT_CHAT ? "messages.content" : "input.content",
            "expected a string or an array");
    while (raw_next(&items, &part))
        add_part(translation, part, role, turns);
}

/* The arguments' text as the value that it holds. */
static void append_input(struct part arguments, struct buffer *out)
{
    char *text = raw_decode(arguments);
    struct part value = {"", 0};
    struct scan scan = {text, text ? text + strlen(text) : NULL};
    bool whole = text && scan_value(&scan, &value) && scan_peek(&scan) == '\0';
    out->failed |= !text;
    if (!whole)
        buffer_append_text(out, "{}");
    else if (!raw_is(value, '{'))
        buffer_append_text(out, "{\"value\":");
    if (whole)
        raw_compact(out, value);
    if (whole && !raw_is(value, '{'))
        buffer_append_char(out, '}');
    free(text);
}

void anthropic_call(struct translation *translation, struct part id, struct part name,
                    struct part arguments, struct turns *turns)
{
    char changed_id[TOOLNAME_MOST + 1], changed[TOOLNAME_MOST + 1];
    turns_block(turns, "assistant");
    buffer_append_text(turns->out, "{\"type\":\"tool_use\"");
    raw_add_inside(turns->out, "id", toolid_send(id, changed_id));
    raw_add_inside(turns->out, "name", toolname_send(&translation->names, name, changed));
    jsontext_name(turns->out, "input");
    append_input(arguments, turns->out);
    buffer_append_char(turns->out, '}');
    turns->last_call_is_bare = true;
}

/* A result's own content is of the same parts. */
void anthropic_result(struct translation *translation, struct part id, struct part content,
                      struct turns *turns)
{
    char changed[TOOLNAME_MOST + 1];
    struct buffer array = {0}, none = {0};
    struct turns inner = {.out = &array, .system = &none};
    turns_block(turns, "user");
    buffer_append_text(turns->out, "{\"type\":\"tool_result\"");
    raw_add_inside(turns->out, "tool_use_id", toolid_send(id, changed));
    if (raw_is(content, '"')) {
        raw_add(turns->out, "content", content);
    } else {
        static const char head[] = "[{\"role\":\"user\",\"content\":";
        anthropic_content(translation, content, "user", &inner);
        if (inner.role) {
            jsontext_name(turns->out, "content");
            buffer_append(turns->out, buffer_text(&array) + sizeof head - 1,
                          array.length - (sizeof head - 1));
            buffer_append_char(turns->out, ']');
        }
    }
    buffer_append_char(turns->out, '}');
    turns->out->failed |= array.failed;
    buffer_finish(&array);
}
