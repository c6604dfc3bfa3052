/* Reads a passing stream of server-sent events: takes bytes, split anywhere, and gives facts.
 * Allocates nothing, and keeps nothing of a stream but the beginning of one event. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eventstream_format {
    EVENTSTREAM_OTHER,     /* the first event that holds data is output */
    EVENTSTREAM_MESSAGES,  /* Anthropic's /v1/messages */
    EVENTSTREAM_CHAT,      /* OpenAI's chat completions, ended by [DONE] */
    EVENTSTREAM_RESPONSES, /* OpenAI's responses, ended by response.completed */
};

/* What a stream has shown. */
enum {
    STREAM_STARTED = 1,  /* message_start: the provider has taken the request */
    STREAM_TEXT = 2,     /* a delta of text … */
    STREAM_THINKING = 4, /* … of thinking … */
    STREAM_TOOL = 8,     /* … of a tool's input: STREAM_OUTPUT is set with each of these */
    STREAM_OUTPUT =
        16, /* output, of these or of an unknown kind: from now on no other key may be asked */
    STREAM_ERROR = 32, /* an error event */
    STREAM_STOP = 64,  /* message_stop, [DONE]: the answer is whole */
    STREAM_PING = 128, /* a ping or a comment: alive, no more */
};

#define EVENTSTREAM_DATA 2048
#define EVENTSTREAM_NAME 64

struct eventstream {
    enum eventstream_format format;
    unsigned seen;                     /* all so far, STREAM_… */
    struct buffer error;               /* the data of the first error event, cut */
    char error_type[EVENTSTREAM_NAME]; /* "overloaded_error"; "" if it names none */
    uint64_t error_at;                 /* where in the stream that event begins, in bytes */
    uint64_t length;                   /* bytes read */

    /* the scanner's own: */
    uint64_t event_at;
    char name[EVENTSTREAM_NAME];
    char data[EVENTSTREAM_DATA];
    size_t name_length, data_length;
    char field[8];
    size_t field_length;
    int part;
    bool has_data, after_cr, began;
};

void eventstream_init(struct eventstream *stream, enum eventstream_format format);
void eventstream_finish(struct eventstream *stream);

/* Reads more bytes and returns what they showed, STREAM_… . */
unsigned eventstream_feed(struct eventstream *stream, const char *bytes, size_t length);

/* At the end of the stream: an event without its empty line counts, too. Returns what it showed. */
unsigned eventstream_end(struct eventstream *stream);

/* True for the Content-Type of an event stream. */
bool eventstream_is_type(const char *content_type);
