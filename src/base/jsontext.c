#include "base/jsontext.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

/* As \uXXXX; what text_is_control knows is below U+10000. */
static void append_escape(struct buffer *buffer, uint32_t code)
{
    buffer_append_format(buffer, "\\u%04x", (unsigned)code);
}

static bool is_plain_ascii(char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

/* The bytes that stay as they are. */
static size_t plain_length(const char *text, size_t length)
{
    uint32_t code;
    size_t plain = 0, step = 0;
    do {
        plain += step;
        while (plain < length && is_plain_ascii(text[plain]))
            plain++;
    } while (plain < length && (step = text_character(text + plain, length - plain, &code)) > 1 &&
             !text_is_control(code));
    return plain;
}

void jsontext_bytes(struct buffer *buffer, const char *text, size_t left)
{
    while (left > 0) {
        uint32_t code = 0;
        size_t step = plain_length(text, left);
        if (step > 0)
            buffer_append(buffer, text, step);
        else if ((step = text_character(text, left, &code)) == 0)
            buffer_append_text(buffer, "\xef\xbf\xbd");
        else if (text_is_control(code))
            append_escape(buffer, code);
        else
            buffer_append_format(buffer, "\\%c", *text);
        step += step == 0;
        text += step, left -= step;
    }
}

void jsontext_string(struct buffer *buffer, const char *text)
{
    buffer_append_char(buffer, '"');
    jsontext_bytes(buffer, text, strlen(text));
    buffer_append_char(buffer, '"');
}

void jsontext_comma(struct buffer *buffer)
{
    char last = buffer->length > 0 ? buffer->data[buffer->length - 1] : '{';
    if (last != '{' && last != '[')
        buffer_append_char(buffer, ',');
}

void jsontext_name(struct buffer *buffer, const char *name)
{
    jsontext_comma(buffer);
    buffer_append_char(buffer, '"');
    buffer_append_text(buffer, name);
    buffer_append_text(buffer, "\":");
}

void jsontext_add_string(struct buffer *buffer, const char *name, const char *value)
{
    jsontext_name(buffer, name);
    jsontext_string(buffer, value);
}

void jsontext_add_integer(struct buffer *buffer, const char *name, int64_t value)
{
    jsontext_name(buffer, name);
    buffer_append_integer(buffer, value);
}

/* Outside its strings a printed tree is ASCII: what has to be repaired stands in one. Line ends and
 * tabs are the indentation's: two blanks for each tab, and one after a name. */
void jsontext_tree(struct buffer *buffer, const cJSON *json, bool indented)
{
    char *printed = json_print(json, indented);
    size_t left = printed ? strlen(printed) : 0;
    buffer->failed |= !printed;
    for (const char *p = printed; left > 0;) {
        uint32_t code = 0;
        size_t step = text_character(p, left, &code);
        if (step == 0)
            buffer_append_text(buffer, "\xef\xbf\xbd");
        else if (code == '\t')
            buffer_append_text(buffer, p[-1] == ':' ? " " : "  ");
        else if (code >= 0x7f && text_is_control(code))
            append_escape(buffer, code);
        else
            buffer_append(buffer, p, step);
        step += step == 0;
        p += step, left -= step;
    }
    json_free_text(printed);
}
