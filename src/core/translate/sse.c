#include "core/translate/sse.h"

#include <string.h>

/* Where in its line the reader stands. */
enum { IN_FIELD, BEFORE_VALUE, IN_VALUE, IN_COMMENT };

void sse_finish(struct sse *sse)
{
    buffer_finish(&sse->data);
}

static bool is_ok(const struct sse *sse)
{
    return !sse->is_too_long && !sse->data.failed;
}

static void end_event(struct sse *sse)
{
    sse->name[sse->name_length] = '\0';
    if (sse->has_data && is_ok(sse))
        sse->event(sse->context, sse->name, buffer_text(&sse->data), sse->data.length);
    buffer_clear(&sse->data);
    sse->name_length = 0;
    sse->has_data = false;
}

static bool field_is(const struct sse *sse, const char *name)
{
    return sse->field_length == strlen(name) && memcmp(sse->field, name, sse->field_length) == 0;
}

static void begin_value(struct sse *sse)
{
    if (field_is(sse, "event")) {
        sse->name_length = 0;
    } else if (field_is(sse, "data")) {
        if (sse->has_data)
            buffer_append_char(&sse->data, '\n');
        sse->has_data = true;
    }
}

static void take_value(struct sse *sse, const char *bytes, size_t count)
{
    if (field_is(sse, "event")) {
        size_t room = sizeof sse->name - 1 - sse->name_length;
        count = count < room ? count : room;
        memcpy(sse->name + sse->name_length, bytes, count);
        sse->name_length += count;
    } else if (field_is(sse, "data")) {
        sse->is_too_long |= sse->data.length + count > SSE_EVENT_MOST;
        if (is_ok(sse))
            buffer_append(&sse->data, bytes, count);
    }
}

static void end_line(struct sse *sse)
{
    if (sse->part == IN_COMMENT && sse->comment)
        sse->comment(sse->context);
    else if (sse->part == IN_FIELD && sse->field_length == 0)
        end_event(sse);
    else if (sse->part == IN_FIELD)
        begin_value(sse);
    sse->part = IN_FIELD;
    sse->field_length = 0;
}

static void take_field(struct sse *sse, char c)
{
    if (c != ':') {
        if (sse->field_length < sizeof sse->field)
            sse->field[sse->field_length++] = c;
    } else if (sse->field_length == 0) {
        sse->part = IN_COMMENT;
    } else {
        sse->part = BEFORE_VALUE;
        begin_value(sse);
    }
}

static size_t line_rest(const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && bytes[i] != '\n' && bytes[i] != '\r')
        i++;
    return i;
}

/* Bytes that are no line end; gives how many were taken. */
static size_t take_bytes(struct sse *sse, const char *bytes, size_t length)
{
    switch (sse->part) {
    case IN_FIELD:
        take_field(sse, *bytes);
        return 1;
    case BEFORE_VALUE:
        sse->part = IN_VALUE;
        return *bytes == ' ' ? 1 : 0;
    case IN_VALUE:
        length = line_rest(bytes, length);
        take_value(sse, bytes, length);
        return length;
    default:
        return line_rest(bytes, length);
    }
}

/* A stream may begin with a byte order mark. */
static bool take_mark(struct sse *sse, char c)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (sse->mark < 3 && c == mark[sse->mark]) {
        sse->mark++;
        return true;
    }
    sse->mark = 3;
    return false;
}

bool sse_feed(struct sse *sse, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && is_ok(sse);) {
        char c = bytes[i];
        bool second = c == '\n' && sse->after_cr;
        if (take_mark(sse, c) || second) {
            sse->after_cr = false;
            i++;
        } else if (c == '\n' || c == '\r') {
            sse->after_cr = c == '\r';
            end_line(sse);
            i++;
        } else {
            sse->after_cr = false;
            i += take_bytes(sse, bytes + i, length - i);
        }
    }
    return is_ok(sse);
}

bool sse_end(struct sse *sse)
{
    if (sse->part != IN_FIELD || sse->field_length > 0)
        end_line(sse);
    end_event(sse);
    return is_ok(sse);
}
