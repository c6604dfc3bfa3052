#include "core/gateway/eventstream.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

#define START                                                                                      \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\"}}\n\n"
#define BLOCK(type)                                                                                \
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"             \
    "\"content_block\":{\"type\":\"" type "\"}}\n\n"
#define DELTA(type)                                                                                \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"             \
    "\"delta\":{\"type\":\"" type "\",\"x\":\"\"}}\n\n"
#define PING "event: ping\ndata: {\"type\": \"ping\"}\n\n"
#define STOP "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define OVER "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}"

#define M EVENTSTREAM_MESSAGES
#define C EVENTSTREAM_CHAT
#define R EVENTSTREAM_RESPONSES
#define X EVENTSTREAM_OTHER

enum {
    STARTED = STREAM_STARTED,
    TEXT = STREAM_OUTPUT | STREAM_TEXT,
    THINKING = STREAM_OUTPUT | STREAM_THINKING,
    TOOL = STREAM_OUTPUT | STREAM_TOOL,
    OUTPUT = STREAM_OUTPUT,
    ERROR = STREAM_ERROR,
    ENDED = STREAM_STOP,
    PINGED = STREAM_PING,
};

static const struct row {
    const char *name;
    enum eventstream_format format;
    const char *bytes;
    unsigned seen;
    const char *error, *error_type;
    uint64_t error_at;
} rows[] = {
    {"nothing", M, "", 0, "", "", 0},
    {"start", M, START, STARTED, "", "", 0},
    {"start, not ended", M, "event: message_start\ndata: {}\n", 0, "", "", 0},
    {"empty blocks", M, START BLOCK("text") BLOCK("thinking") BLOCK("tool_use"), STARTED, "", "",
     0},
    {"text", M, START BLOCK("text") DELTA("text_delta"), STARTED | TEXT, "", "", 0},
    {"thinking", M, START DELTA("thinking_delta"), STARTED | THINKING, "", "", 0},
    {"tool", M, START DELTA("input_json_delta"), STARTED | TOOL, "", "", 0},
    {"new kind of delta", M, DELTA("smell_delta"), OUTPUT, "", "", 0},
    {"a block that comes whole", M, START BLOCK("redacted_thinking"), STARTED | OUTPUT, "", "", 0},
    {"end without output", M,
     START "event: message_delta\ndata: {\"type\":\"message_delta\"}\n\n" STOP,
     STARTED | OUTPUT | ENDED, "", "", 0},
    {"ping", M, START PING, STARTED | PINGED, "", "", 0},
    {"ping without data", M, "event: ping\n\n", PINGED, "", "", 0},
    {"comment", M, ": alive\n\n:\n\n", PINGED, "", "", 0},
    {"whole", M, START PING BLOCK("text") DELTA("text_delta") STOP, STARTED | PINGED | TEXT | ENDED,
     "", "", 0},
    {"new event", M, START "event: novelty\ndata: {}\n\n", STARTED | OUTPUT, "", "", 0},
    {"no event name", M, "data: {\"type\":\"message_start\"}\n\n", STARTED, "", "", 0},
    {"error first", M, "event: error\ndata: " OVER "\n\n", ERROR, OVER, "overloaded_error", 0},
    {"error after a comment", M, ": x\n\nevent: error\ndata: " OVER "\n\n", PINGED | ERROR, OVER,
     "overloaded_error", 5},
    {"error after a comment without an empty line", M, ": x\nevent: error\ndata: " OVER "\n\n",
     PINGED | ERROR, OVER, "overloaded_error", 4},
    {"error, data alone", M, "data: " OVER "\n\n", ERROR, OVER, "overloaded_error", 0},
    {"error without a type", M, "data: {\"error\":{\"message\":\"x\"}}\n\n", ERROR,
     "{\"error\":{\"message\":\"x\"}}", "", 0},
    {"first error stands", M, "event: error\ndata: 1\n\nevent: error\ndata: 2\n\n", ERROR, "1", "",
     0},
    {"error in a text", M,
     DELTA("text_delta") "data: {\"type\":\"content_block_delta\",\"delta\":"
                         "{\"type\":\"text_delta\",\"text\":\"event: error\\n\\n\"}}\n\n",
     TEXT, "", "", 0},
    {"CR LF", M, "event: error\r\ndata: " OVER "\r\n\r\n", ERROR, OVER, "overloaded_error", 0},
    {"CR", M, "event: error\rdata: " OVER "\r\r", ERROR, OVER, "overloaded_error", 0},
    {"CR, then LF", M, "event: message_stop\rdata: x\n\n", ENDED, "", "", 0},
    {"data in two lines", M, "event: error\ndata: 1\ndata:2\n\n", ERROR, "1\n2", "", 0},
    {"no blank behind the colon", M, "event:message_stop\ndata:{}\n\n", ENDED, "", "", 0},
    {"two blanks", M, "event:  message_stop\ndata: {}\n\n", OUTPUT, "", "", 0},
    {"other fields", M, "id: 1\nretry: 5\nevent: message_stop\ndata\neventful: x\n\n", ENDED, "",
     "", 0},
    {"last name counts", M, "event: error\nevent: message_stop\ndata: x\n\n", ENDED, "", "", 0},
    {"name without data", M, "event: message_stop\n\n", 0, "", "", 0},
    {"name does not go over", M, "event: message_stop\n\ndata: x\n\n", OUTPUT, "", "", 0},
    {"byte order mark", M,
     "\xEF\xBB\xBF"
     "event: message_stop\ndata: x\n\n",
     ENDED, "", "", 0},
    {"mark later", M,
     ":\n\n\xEF\xBB\xBF"
     "event: message_stop\ndata: x\n\n",
     PINGED | OUTPUT, "", "", 0},
    {"chat", C, "data: {\"id\":\"chatcmpl-1\",\"choices\":[]}\n\n", OUTPUT, "", "", 0},
    {"chat done", C, "data: [DONE]\n\n", ENDED, "", "", 0},
    {"chat error", C, "data: {\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"x\"}}\n\n",
     ERROR, "{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"x\"}}",
     "rate_limit_exceeded", 0},
    {"done elsewhere", M, "data: [DONE]\n\n", OUTPUT, "", "", 0},
    {"response", R, "event: response.created\ndata: {}\n\n", STARTED, "", "", 0},
    {"response goes on", R, "event: response.output_text.delta\ndata: {}\n\n", OUTPUT, "", "", 0},
    {"response whole", R, "event: response.completed\ndata: {}\n\n", ENDED, "", "", 0},
    {"response failed", R,
     "event: response.failed\ndata: {\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n",
     ERROR, "{\"response\":{\"error\":{\"code\":\"server_error\"}}}", "server_error", 0},
    {"other", X, "data: x\n\n", OUTPUT, "", "", 0},
    {"other's ping", X, "event: ping\ndata: x\n\n", PINGED, "", "", 0},
};

static void expect_row(const struct row *row, const struct eventstream *stream, size_t piece)
{
    if (stream->seen != row->seen || strcmp(buffer_text(&stream->error), row->error) != 0 ||
        strcmp(stream->error_type, row->error_type) != 0 || stream->error_at != row->error_at)
        fail_msg("%s by %zu: seen %u, error \"%s\" of type \"%s\" at %d", row->name, piece,
                 stream->seen, buffer_text(&stream->error), stream->error_type,
                 (int)stream->error_at);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = strlen(rows[i].bytes);
        for (size_t piece = 1; piece <= length + 1; piece++) {
            struct eventstream stream;
            unsigned shown = 0;
            eventstream_init(&stream, rows[i].format);
            for (size_t at = 0; at < length; at += piece)
                shown |= eventstream_feed(&stream, rows[i].bytes + at,
                                          length - at < piece ? length - at : piece);
            expect_row(&rows[i], &stream, piece);
            assert_int_equal(shown, rows[i].seen);
            assert_int_equal(stream.length, length);
            eventstream_finish(&stream);
        }
    }
}

static void test_shown_once(void **state)
{
    (void)state;
    struct eventstream stream;
    eventstream_init(&stream, M);
    assert_int_equal(eventstream_feed(&stream, START, strlen(START)), STREAM_STARTED);
    assert_int_equal(eventstream_feed(&stream, PING, strlen(PING)), STREAM_PING);
    assert_int_equal(eventstream_feed(&stream, "event: pi", 9), 0);
    assert_int_equal(stream.seen, STREAM_STARTED | STREAM_PING);
    eventstream_finish(&stream);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned seen;
    } cases[] = {
        {"event: message_stop\ndata: {}\n", STREAM_STOP},
        {"event: message_stop\ndata: {}", STREAM_STOP},
        {"event: message_stop\ndata", STREAM_STOP},
        {"event: message_stop", 0},
        {": co", STREAM_PING},
        {"", 0},
        {PING, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct eventstream stream;
        eventstream_init(&stream, M);
        (void)eventstream_feed(&stream, cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(eventstream_end(&stream), cases[i].seen);
        assert_int_equal(eventstream_end(&stream), 0);
        eventstream_finish(&stream);
    }
}

/* However long an event is, only its beginning is kept. */
static void test_bounds(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct eventstream stream;
    buffer_append_text(&bytes, "event: content_block_delta\ndata: "
                               "{\"delta\":{\"type\":\"text_delta\",\"text\":\"");
    for (int i = 0; i < 100000; i++)
        buffer_append_char(&bytes, 'x');
    buffer_append_text(&bytes, "\"}}\n\nevent: error\ndata: ");
    for (int i = 0; i < 100000; i++)
        buffer_append_char(&bytes, 'y');
    buffer_append_text(&bytes, "\n\n");
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&bytes, "a-long-name-of-a-field-that-nobody-knows");
    buffer_append_text(&bytes, "\n\n");
    eventstream_init(&stream, M);
    (void)eventstream_feed(&stream, buffer_text(&bytes), bytes.length);
    assert_int_equal(stream.seen, TEXT | ERROR);
    assert_int_equal(stream.error.length, EVENTSTREAM_DATA - 1);
    assert_int_equal(strlen(buffer_text(&stream.error)), EVENTSTREAM_DATA - 1);
    eventstream_finish(&stream);
    buffer_finish(&bytes);
}

static void test_types(void **state)
{
    (void)state;
    assert_true(eventstream_is_type("text/event-stream"));
    assert_true(eventstream_is_type("Text/Event-Stream; charset=utf-8"));
    assert_false(eventstream_is_type("text/event-streams"));
    assert_false(eventstream_is_type("application/json"));
    assert_false(eventstream_is_type(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),  cmocka_unit_test(test_shown_once),
        cmocka_unit_test(test_ends),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
