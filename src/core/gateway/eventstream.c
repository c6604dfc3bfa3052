#include "core/gateway/eventstream.h"

#include "base/scan.h"

#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where in its line the scanner stands. */
enum { IN_FIELD, BEFORE_VALUE, IN_VALUE, IN_COMMENT };

void eventstream_init(struct eventstream *stream, enum eventstream_format format)
{
    *stream = (struct eventstream){.format = format};
}

void eventstream_finish(struct eventstream *stream)
{
    buffer_finish(&stream->error);
}

/* The value of a member of the object at `scan`, which moves before it; false if it is not there,
 * or not within what is kept of the event. */
static bool go_to(struct scan *scan, const char *wanted)
{
    struct part name, value;
    size_t count = 0;
    if (!scan_enter(scan, '{'))
        return false;
    while (scan_member(scan, &count, &name) == SCAN_NEXT) {
        if (part_is(&name, wanted))
            return true;
        if (!scan_value(scan, &value))
            return false;
    }
    return false;
}

/* The string at the end of a path of at most three members; "" if there is none. */
static void read_string(const struct eventstream *stream, const char *const path[3],
                        char ret_text[EVENTSTREAM_NAME])
{
    struct scan scan = {stream->data, stream->data + stream->data_length};
    struct part value = {0};
    *ret_text = '\0';
    for (size_t i = 0; i < 3 && path[i]; i++)
        if (!go_to(&scan, path[i]))
            return;
    if (scan_peek(&scan) == '"' && scan_value(&scan, &value))
        part_text(&value, ret_text, EVENTSTREAM_NAME);
}

static bool holds_object(const struct eventstream *stream, const char *name)
{
    struct scan scan = {stream->data, stream->data + stream->data_length};
    return go_to(&scan, name) && scan_peek(&scan) == '{';
}

struct shown {
    const char *name;
    unsigned bits;
};

static unsigned look_up(const struct shown *table, size_t count, const char *name,
                        unsigned otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].bits;
    return otherwise;
}

static unsigned read_delta(const struct eventstream *stream)
{
    static const struct shown deltas[] = {
        {"text_delta", STREAM_TEXT},
        {"thinking_delta", STREAM_THINKING},
        {"signature_delta", STREAM_THINKING},
        {"input_json_delta", STREAM_TOOL},
    };
    char type[EVENTSTREAM_NAME];
    read_string(stream, (const char *const[3]){"delta", "type"}, type);
    return STREAM_OUTPUT | look_up(deltas, COUNT(deltas), type, 0);
}

/* These begin empty and are filled by deltas; any other block comes whole. */
static unsigned read_block(const struct eventstream *stream)
{
    static const struct shown blocks[] = {
        {"text", 0}, {"thinking", 0}, {"tool_use", 0}, {"server_tool_use", 0}, {"mcp_tool_use", 0},
    };
    char type[EVENTSTREAM_NAME];
    read_string(stream, (const char *const[3]){"content_block", "type"}, type);
    return look_up(blocks, COUNT(blocks), type, STREAM_OUTPUT);
}

static unsigned read_messages(const struct eventstream *stream, const char *type)
{
    static const struct shown events[] = {
        {"message_start", STREAM_STARTED},
        {"content_block_stop", 0},
        {"message_stop", STREAM_STOP},
        {"ping", STREAM_PING},
    };
    if (strcmp(type, "content_block_delta") == 0)
        return read_delta(stream);
    if (strcmp(type, "content_block_start") == 0)
        return read_block(stream);
    return look_up(events, COUNT(events), type, STREAM_OUTPUT);
}

static unsigned read_responses(const char *type)
{
    static const struct shown events[] = {
        {"response.created", STREAM_STARTED},     {"response.queued", STREAM_STARTED},
        {"response.in_progress", STREAM_STARTED}, {"response.completed", STREAM_STOP},
        {"response.incomplete", STREAM_STOP},     {"keepalive", STREAM_PING},
    };
    return look_up(events, COUNT(events), type, STREAM_OUTPUT);
}

static unsigned read_event(const struct eventstream *stream, const char *type)
{
    if (strcmp(type, "error") == 0 || strcmp(type, "response.failed") == 0 ||
        (!*type && holds_object(stream, "error")))
        return STREAM_ERROR;
    switch (stream->format) {
    case EVENTSTREAM_MESSAGES:
        return read_messages(stream, type);
    case EVENTSTREAM_CHAT:
        return strcmp(stream->data, "[DONE]") == 0 ? STREAM_STOP : STREAM_OUTPUT;
    case EVENTSTREAM_RESPONSES:
        return read_responses(type);
    case EVENTSTREAM_OTHER:
        break;
    }
    return strcmp(type, "ping") == 0 ? STREAM_PING : STREAM_OUTPUT;
}

static void keep_error(struct eventstream *stream)
{
    static const char *const places[][3] = {
        {"error", "type"}, {"error", "code"}, {"response", "error", "code"}, {"code"}};
    buffer_append(&stream->error, stream->data, stream->data_length);
    stream->error_at = stream->event_at;
    for (size_t i = 0; i < COUNT(places) && !*stream->error_type; i++)
        read_string(stream, places[i], stream->error_type);
}

static void forget_event(struct eventstream *stream)
{
    stream->name_length = stream->data_length = 0;
    stream->has_data = stream->began = false;
}

/* At an event's empty line. Without data it is not an event (HTML, 9.2.6), except for a ping. */
static unsigned end_event(struct eventstream *stream)
{
    char type[EVENTSTREAM_NAME];
    unsigned shown = 0;
    stream->name[stream->name_length] = stream->data[stream->data_length] = '\0';
    if (stream->has_data || strcmp(stream->name, "ping") == 0) {
        memcpy(type, stream->name, stream->name_length + 1);
        if (!*type)
            read_string(stream, (const char *const[3]){"type"}, type);
        shown = read_event(stream, type);
    }
    if ((shown & STREAM_ERROR) && !(stream->seen & STREAM_ERROR))
        keep_error(stream);
    forget_event(stream);
    return shown;
}

static bool field_is_named(const struct eventstream *stream, const char *name)
{
    return stream->field_length == strlen(name) &&
           memcmp(stream->field, name, stream->field_length) == 0;
}

static void append(char *text, size_t size, size_t *length, const char *bytes, size_t count)
{
    size_t room = size - 1 - *length;
    size_t taken = count < room ? count : room;
    memcpy(text + *length, bytes, taken);
    *length += taken;
}

/* Once a line's field is known. */
static void begin_value(struct eventstream *stream)
{
    if (field_is_named(stream, "event")) {
        stream->name_length = 0;
    } else if (field_is_named(stream, "data")) {
        if (stream->has_data)
            append(stream->data, sizeof stream->data, &stream->data_length, "\n", 1);
        stream->has_data = true;
    }
}

static void take_value(struct eventstream *stream, const char *bytes, size_t count)
{
    if (field_is_named(stream, "event"))
        append(stream->name, sizeof stream->name, &stream->name_length, bytes, count);
    else if (field_is_named(stream, "data"))
        append(stream->data, sizeof stream->data, &stream->data_length, bytes, count);
}

static unsigned end_line(struct eventstream *stream)
{
    unsigned shown = 0;
    if (stream->part == IN_COMMENT) {
        shown = STREAM_PING;
        stream->began = stream->has_data || stream->name_length > 0;
    } else if (stream->part == IN_FIELD && stream->field_length == 0) {
        shown = end_event(stream);
    } else if (stream->part == IN_FIELD) {
        begin_value(stream);
    }
    stream->part = IN_FIELD;
    stream->field_length = 0;
    return shown;
}

static void take_field(struct eventstream *stream, char c)
{
    if (c != ':') {
        if (stream->field_length < sizeof stream->field)
            stream->field[stream->field_length++] = c;
    } else if (stream->field_length == 0) {
        stream->part = IN_COMMENT;
    } else {
        stream->part = BEFORE_VALUE;
        begin_value(stream);
    }
}

static size_t line_rest(const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && bytes[i] != '\n' && bytes[i] != '\r')
        i++;
    return i;
}

/* Bytes that are not a line end; gives how many were taken. */
static size_t take_bytes(struct eventstream *stream, const char *bytes, size_t length)
{
    switch (stream->part) {
    case IN_FIELD:
        take_field(stream, *bytes);
        return 1;
    case BEFORE_VALUE:
        stream->part = IN_VALUE;
        return *bytes == ' ' ? 1 : 0;
    case IN_VALUE:
        length = line_rest(bytes, length);
        take_value(stream, bytes, length);
        return length;
    default:
        return line_rest(bytes, length);
    }
}

static unsigned take_line_end(struct eventstream *stream, char c)
{
    bool second = c == '\n' && stream->after_cr;
    stream->after_cr = c == '\r';
    return second ? 0 : end_line(stream);
}

/* A stream may begin with a byte order mark. */
static bool is_mark(const struct eventstream *stream, char c)
{
    static const char mark[] = "\xEF\xBB\xBF";
    return stream->length < 3 && c == mark[stream->length];
}

unsigned eventstream_feed(struct eventstream *stream, const char *bytes, size_t length)
{
    unsigned shown = 0;
    for (size_t i = 0; i < length;) {
        size_t taken = 1;
        bool line_end = bytes[i] == '\n' || bytes[i] == '\r';
        if (line_end) {
            shown |= take_line_end(stream, bytes[i]);
        } else if (!is_mark(stream, bytes[i])) {
            stream->after_cr = false;
            if (!stream->began) {
                stream->began = true;
                stream->event_at = stream->length;
            }
            taken = take_bytes(stream, bytes + i, length - i);
        }
        i += taken;
        stream->length += taken;
        stream->seen |= shown;
    }
    return shown;
}

unsigned eventstream_end(struct eventstream *stream)
{
    unsigned shown = 0;
    if (stream->part != IN_FIELD || stream->field_length > 0)
        shown |= end_line(stream);
    shown |= end_event(stream);
    stream->seen |= shown;
    return shown;
}

bool eventstream_is_type(const char *content_type)
{
    static const char type[] = "text/event-stream";
    size_t length = strlen(type);
    return strncasecmp(content_type, type, length) == 0 &&
           (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}
