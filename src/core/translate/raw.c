#include "core/translate/raw.h"

#include "base/jsontext.h"

#include <stdlib.h>
#include <string.h>

bool raw_equals(struct part value, const char *text)
{
    struct part inside = raw_inside(value);
    return raw_is(value, '"') && inside.length == strlen(text) &&
           memcmp(inside.text, text, inside.length) == 0;
}

struct part raw_inside(struct part string)
{
    return raw_is(string, '"') && string.length >= 2
               ? (struct part){string.text + 1, string.length - 2}
               : (struct part){"", 0};
}

static bool is_null(struct part value)
{
    return raw_is(value, 'n');
}

bool raw_members(struct part object, const char *const *names, struct part *ret_values,
                 void (*other)(void *context, struct part name), void *context)
{
    struct scan scan = {object.text, object.text + object.length};
    struct part name, value;
    size_t count = 0, i;
    enum scan_step step = SCAN_WRONG;
    for (i = 0; names[i]; i++)
        ret_values[i] = (struct part){"", 0};
    if (object.length == 0 || !scan_enter(&scan, '{'))
        return false;
    while ((step = scan_member(&scan, &count, &name)) == SCAN_NEXT) {
        if (!scan_value(&scan, &value))
            return false;
        for (i = 0; names[i] && !part_is(&name, names[i]); i++)
            ;
        if (names[i])
            ret_values[i] = is_null(value) ? (struct part){"", 0} : value;
        else if (other && !is_null(value))
            other(context, name);
    }
    return step == SCAN_END && scan_peek(&scan) == '\0' && scan.at == scan.end;
}

struct part raw_member(struct part object, const char *name)
{
    struct scan scan = {object.text, object.text + object.length};
    struct part at, value;
    size_t count = 0;
    if (object.length > 0 && scan_enter(&scan, '{'))
        while (scan_member(&scan, &count, &at) == SCAN_NEXT && scan_value(&scan, &value))
            if (part_is(&at, name))
                return is_null(value) ? (struct part){"", 0} : value;
    return (struct part){"", 0};
}

struct raw_items raw_items(struct part array)
{
    struct raw_items items = {{array.text, array.text + array.length}, 0};
    if (array.length == 0 || !scan_enter(&items.scan, '['))
        items.scan.at = items.scan.end;
    return items;
}

bool raw_next(struct raw_items *items, struct part *ret_item)
{
    return items->scan.at < items->scan.end &&
           scan_item(&items->scan, &items->count) == SCAN_NEXT &&
           scan_value(&items->scan, ret_item);
}

char *raw_decode_inside(struct part inside)
{
    char *text = malloc(inside.length + 1);
    if (text)
        part_name(&inside, text, inside.length + 1);
    return text;
}

char *raw_decode(struct part string)
{
    return raw_decode_inside(raw_inside(string));
}

int64_t raw_count(struct part value)
{
    int64_t number = 0;
    return part_integer(&value, &number) && number > 0 ? number : 0;
}

void raw_append(struct buffer *buffer, struct part value)
{
    buffer_append(buffer, value.text, value.length);
}

void raw_add(struct buffer *buffer, const char *name, struct part value)
{
    if (value.length == 0)
        return;
    jsontext_name(buffer, name);
    raw_append(buffer, value);
}

void raw_add_inside(struct buffer *buffer, const char *name, struct part inside)
{
    jsontext_name(buffer, name);
    buffer_append_char(buffer, '"');
    raw_append(buffer, inside);
    buffer_append_char(buffer, '"');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* How many bytes from `at` on are one run: a whole string, or anything up to a space or a quote. */
static size_t run_length(struct part value, size_t at)
{
    size_t i = at;
    if (value.text[i] == '"') {
        for (i++; i < value.length && value.text[i] != '"'; i++)
            i += value.text[i] == '\\';
        return (i < value.length ? i + 1 : value.length) - at;
    }
    while (i < value.length && !is_space(value.text[i]) && value.text[i] != '"')
        i++;
    return i - at;
}

void raw_compact(struct buffer *buffer, struct part value)
{
    for (size_t at = 0; at < value.length;) {
        size_t length = is_space(value.text[at]) ? 0 : run_length(value, at);
        buffer_append(buffer, value.text + at, length);
        at += length + (length == 0);
    }
}

void raw_quote(struct buffer *buffer, struct part value)
{
    struct buffer compact = {0};
    raw_compact(&compact, value);
    jsontext_bytes(buffer, buffer_text(&compact), compact.length);
    buffer->failed |= compact.failed;
    buffer_finish(&compact);
}
