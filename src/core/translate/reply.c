#include "core/translate/reply.h"

#include "core/translate/reader.h"
#include "core/translate/sse.h"

#include <stdlib.h>

#define ESTIMATE_MOST   50000 /* images are bytes that are no tokens */
#define BYTES_PER_TOKEN 4

struct reply {
    struct turn turn;
    struct sse sse;
    struct buffer whole;
    bool stream;
};

static const struct {
    void (*event)(struct turn *turn, struct part data);
    void (*whole)(struct turn *turn, struct part body);
} readers[] = {
    [FORMAT_MESSAGES] = {read_messages_event, read_messages_whole},
    [FORMAT_CHAT] = {read_chat_event, read_chat_whole},
    [FORMAT_RESPONSES] = {read_responses_event, read_responses_whole},
};

static void take_event(void *context, const char *name, const char *data, size_t length)
{
    struct reply *reply = context;
    (void)name;
    if (!reply->turn.has_ended)
        readers[reply->turn.writer.translation->provider].event(&reply->turn,
                                                                (struct part){data, length});
}

static void take_comment(void *context)
{
    turn_ping(&((struct reply *)context)->turn);
}

struct reply *reply_create(const struct translation *translation, const char *id, int64_t created,
                           bool stream)
{
    struct reply *reply = calloc(1, sizeof *reply);
    size_t estimate = translation->length / BYTES_PER_TOKEN;
    if (!reply)
        return NULL;
    writer_init(&reply->turn.writer, translation, id, created, stream);
    reply->turn.tokens.input = (int64_t)(estimate < ESTIMATE_MOST ? estimate : ESTIMATE_MOST);
    reply->sse = (struct sse){.event = take_event, .comment = take_comment, .context = reply};
    reply->stream = stream;
    return reply;
}

void reply_destroy(struct reply *reply)
{
    if (!reply)
        return;
    turn_finish(&reply->turn);
    sse_finish(&reply->sse);
    buffer_finish(&reply->whole);
    free(reply);
}

void reply_feed(struct reply *reply, const char *bytes, size_t length, struct buffer *out)
{
    reply->turn.writer.out = out;
    if (!reply->stream)
        buffer_append(&reply->whole, bytes, length);
    else if (!reply->turn.has_ended && !sse_feed(&reply->sse, bytes, length))
        turn_fail(&reply->turn, "api_error", "an event of the provider's is too long");
}

void reply_end(struct reply *reply, struct buffer *out)
{
    struct turn *turn = &reply->turn;
    turn->writer.out = out;
    if (!reply->stream) {
        const struct part body = {buffer_text(&reply->whole), reply->whole.length};
        if (!turn->has_ended)
            readers[turn->writer.translation->provider].whole(turn, body);
        out->failed |= reply->whole.failed;
        return;
    }
    if (!turn->has_ended)
        (void)sse_end(&reply->sse);
    turn_end(turn);
}

bool reply_has_ended(const struct reply *reply)
{
    return reply->turn.has_ended;
}

const char *reply_fault(const struct reply *reply)
{
    return reply->turn.has_failed ? reply->turn.fault_type : NULL;
}

const char *reply_notes(const struct reply *reply)
{
    return reply->turn.notes;
}
