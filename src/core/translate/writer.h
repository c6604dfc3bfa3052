/* One answer written in one of the three formats, as an event stream or as a whole. A turn (turn.h)
 * calls in a legal order: start, then for each block open, deltas and close, then finish; fail may
 * stand in place of any of them and is the last. Texts are insides of strings. */
#pragma once

#include "core/translate/translate.h"

enum piece { PIECE_NONE, PIECE_TEXT, PIECE_THINKING, PIECE_TOOL };

enum stop {
    STOP_NONE, /* not known: the answer is not whole */
    STOP_END,
    STOP_SEQUENCE,
    STOP_TOOL,
    STOP_LENGTH,
    STOP_REFUSAL,
    STOP_PAUSE,
    STOP_CONTEXT, /* the model's window is full */
    STOPS,
};

struct translated_usage {
    int64_t input;           /* without the cached ones */
    int64_t cached, written; /* read from the cache, and written to it */
    int64_t output;
};

struct writer;
struct writer_ops {
    void (*start)(struct writer *writer, const struct translated_usage *tokens);
    void (*open)(struct writer *writer, enum piece piece, struct part id, struct part name);
    void (*delta)(struct writer *writer, enum piece piece, struct part text);
    void (*close)(struct writer *writer, enum piece piece);
    void (*finish)(struct writer *writer, enum stop stop, const struct translated_usage *tokens);
    /* `type` as Anthropic names it */
    void (*fail)(struct writer *writer, const char *type, const char *message);
    void (*ping)(struct writer *writer);
};

struct writer {
    const struct writer_ops *ops;
    const struct translation *translation;
    const char *id;  /* letters and digits; each answer has its own. Borrowed */
    int64_t created; /* seconds since the epoch */
    bool stream;     /* else one body, which is there when finish was called */
    struct buffer *out;

    /* the writers' own: */
    size_t blocks, tools;
    int64_t sequence;
    struct buffer text, thoughts; /* of a whole chat; of the open block */
    struct buffer items;          /* the blocks, calls or items that are closed */
    struct buffer call;           /* id and name of the open call, as members */
};

extern const struct writer_ops writer_messages, writer_chat, writer_responses;

void writer_init(struct writer *writer, const struct translation *translation, const char *id,
                 int64_t created, bool stream);
void writer_finish(struct writer *writer);

/* The names of a stop. */
const char *stop_to_messages(enum stop stop);
enum stop stop_from_messages(struct part name);
const char *stop_to_chat(enum stop stop);
enum stop stop_from_chat(struct part name);

/* An error in the shape of a format, without an event's frame. `type` as Anthropic names it; `code`
 * for OpenAI's, NULL: what fits the type. */
void fault_append(struct buffer *out, enum format format, const char *type, const char *message,
                  const char *code);
