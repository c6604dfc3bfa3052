#include "core/client/settingsedit.h"

#include "base/jsontext.h"
#include "base/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* An object in the text, and one member of it. */
struct found {
    const char *open;   /* behind its '{' */
    const char *close;  /* before its '}' */
    const char *member; /* the quote before its name; NULL: there is no such member */
    struct part value;
    bool is_empty;
};

/* The cursor stands before the object. False if it is none, or no JSON. */
static bool find(struct scan *scan, const char *name, struct found *ret_found)
{
    struct part part, value;
    size_t count = 0;
    enum scan_step step;
    *ret_found = (struct found){0};
    if (!scan_enter(scan, '{'))
        return false;
    ret_found->open = scan->at;
    while ((step = scan_member(scan, &count, &part)) == SCAN_NEXT) {
        if (!scan_value(scan, &value))
            return false;
        if (part_is(&part, name)) {
            ret_found->member = part.text - 1;
            ret_found->value = value;
        }
    }
    ret_found->is_empty = count == 0;
    ret_found->close = scan->at - 1;
    return step == SCAN_END;
}

static bool find_in_file(const struct buffer *text, const char *name, struct found *ret_found)
{
    struct scan scan = {buffer_text(text), buffer_text(text) + text->length};
    return find(&scan, name, ret_found) && scan_peek(&scan) == '\0' && scan.at == scan.end;
}

static bool find_in_value(const struct part *value, const char *name, struct found *ret_found)
{
    struct scan scan = {value->text, value->text + value->length};
    return find(&scan, name, ret_found);
}

static int refuse(struct buffer *error, const char *what)
{
    buffer_append_format(error, "%s is no JSON object; expected Claude Code's settings", what);
    return -EINVAL;
}

static bool has_value(const struct found *found, const struct settings_member *member)
{
    struct buffer wanted = {0};
    jsontext_string(&wanted, member->value);
    bool same = found->value.length == wanted.length &&
                memcmp(found->value.text, buffer_text(&wanted), wanted.length) == 0;
    buffer_finish(&wanted);
    return same;
}

static void append_member(const struct settings_member *member, struct buffer *text)
{
    jsontext_string(text, member->name);
    buffer_append_text(text, ": ");
    jsontext_string(text, member->value);
}

/* Replaces the bytes from `from` to `to`, which stand in the text. */
static void put(struct buffer *text, const char *from, const char *to, const struct buffer *middle)
{
    struct buffer whole = {0};
    const char *begin = buffer_text(text);
    buffer_append(&whole, begin, (size_t)(from - begin));
    buffer_append(&whole, buffer_text(middle), middle->length);
    buffer_append(&whole, to, (size_t)(begin + text->length - to));
    buffer_finish(text);
    *text = whole;
}

/* Lines of its own in front of the others; an empty object stays on its line, which tells
 * settingsedit_remove that it was there. */
static void insert(struct buffer *text, const struct found *at, const char *indent,
                   const struct buffer *member)
{
    struct buffer lines = {0};
    if (!at->is_empty)
        buffer_append_format(&lines, "\n%s", indent);
    buffer_append(&lines, buffer_text(member), member->length);
    if (!at->is_empty)
        buffer_append_char(&lines, ',');
    put(text, at->open, at->open, &lines);
    buffer_finish(&lines);
}

static int add(struct buffer *text, const struct settings_member *member, struct buffer *error)
{
    struct found at, within;
    struct buffer piece = {0};
    const char *indent = member->object ? "    " : "  ";
    if (!find_in_file(text, member->object ? member->object : member->name, &at))
        return refuse(error, "the file");
    if (member->object && !at.member) {
        buffer_append_format(&piece, "\"%s\": {\n    ", member->object);
        append_member(member, &piece);
        buffer_append_text(&piece, "\n  }");
        insert(text, &at, "  ", &piece);
        buffer_finish(&piece);
        return 1;
    }
    if (member->object) {
        if (!find_in_value(&at.value, member->name, &within))
            return refuse(error, member->object);
        at = within;
    }
    if (at.member && has_value(&at, member))
        return 0;
    if (at.member) {
        buffer_append_format(error, "%s%s%s is set already, to %.*s",
                             member->object ? member->object : "", member->object ? "." : "",
                             member->name, (int)(at.value.length < 200 ? at.value.length : 200),
                             at.value.text);
        return -EEXIST;
    }
    append_member(member, &piece);
    insert(text, &at, indent, &piece);
    buffer_finish(&piece);
    return 1;
}

/* As an editor would write it. */
static int make(const struct settings_member *members, size_t count, struct buffer *text)
{
    const char *object = NULL;
    buffer_append_char(text, '{');
    for (size_t i = 0; i < count; i++) {
        const struct settings_member *member = &members[i];
        if (object && object != member->object) {
            buffer_append_text(text, "\n  }");
            object = NULL;
        }
        bool opens = member->object && !object;
        if (i > 0)
            buffer_append_char(text, ',');
        if (opens)
            buffer_append_format(text, "\n  \"%s\": {", member->object);
        object = member->object;
        buffer_append_text(text, object ? "\n    " : "\n  ");
        append_member(member, text);
    }
    buffer_append_text(text, object ? "\n  }\n}\n" : "\n}\n");
    return (int)count;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_blank(const char *text, size_t length)
{
    while (length > 0 && is_space(text[length - 1]))
        length--;
    return length == 0;
}

int settingsedit_add(const char *text, size_t length, const struct settings_member *members,
                     size_t count, struct buffer *ret_text, struct buffer *error)
{
    int added = 0;
    if (!text || is_blank(text, length))
        return make(members, count, ret_text);
    buffer_append(ret_text, text, length);
    for (size_t i = 0; i < count; i++) {
        int r = add(ret_text, &members[i], error);
        if (r < 0)
            return r;
        added += r;
    }
    return added;
}

/* With the comma that parts it from its neighbour, and the line that it stands on. */
static void cut(struct buffer *text, const struct found *at)
{
    static const struct buffer nothing = {0};
    const char *from = at->member, *to = at->value.text + at->value.length;
    while (from > at->open && is_space(from[-1]))
        from--;
    const char *next = to;
    while (is_space(*next))
        next++;
    if (*next == ',')
        to = next + 1;
    else if (from > at->open && from[-1] == ',')
        from--;
    put(text, from, to, &nothing);
}

/* True if nothing but the member stands in the object, on lines that settingsedit_add made. */
static bool is_alone(const struct found *within)
{
    const char *end = within->value.text + within->value.length;
    for (; end < within->close; end++)
        if (!is_space(*end))
            return false;
    const char *begin = within->open;
    while (is_space(*begin))
        begin++;
    return begin == within->member && within->open[0] == '\n';
}

static int take_out(struct buffer *text, const struct settings_member *member, struct buffer *error)
{
    struct found at, within;
    if (!find_in_file(text, member->object ? member->object : member->name, &at))
        return refuse(error, "the file");
    if (!at.member)
        return 0;
    if (member->object) {
        if (!find_in_value(&at.value, member->name, &within))
            return refuse(error, member->object);
        if (!within.member || !has_value(&within, member))
            return 0;
        cut(text, is_alone(&within) ? &at : &within);
        return 1;
    }
    if (!has_value(&at, member))
        return 0;
    cut(text, &at);
    return 1;
}

int settingsedit_remove(const char *text, size_t length, const struct settings_member *members,
                        size_t count, struct buffer *ret_text, struct buffer *error)
{
    int removed = 0;
    buffer_append(ret_text, text, length);
    for (size_t i = count; i > 0; i--) {
        int r = take_out(ret_text, &members[i - 1], error);
        if (r < 0)
            return r;
        removed += r;
    }
    return removed;
}
