#include "core/translate/writer.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *messages, *chat;
} stops[STOPS] = {
    [STOP_NONE] = {"end_turn", "stop"},
    [STOP_END] = {"end_turn", "stop"},
    [STOP_SEQUENCE] = {"stop_sequence", "stop"},
    [STOP_TOOL] = {"tool_use", "tool_calls"},
    [STOP_LENGTH] = {"max_tokens", "length"},
    [STOP_REFUSAL] = {"refusal", "content_filter"},
    [STOP_PAUSE] = {"pause_turn", "stop"},
    [STOP_CONTEXT] = {"model_context_window_exceeded", "length"},
};

const char *stop_to_messages(enum stop stop)
{
    return stops[stop].messages;
}

const char *stop_to_chat(enum stop stop)
{
    return stops[stop].chat;
}

/* A reason that nobody knows is an end all the same. */
enum stop stop_from_messages(struct part name)
{
    for (size_t i = STOP_END; i < STOPS; i++)
        if (raw_equals(name, stops[i].messages))
            return (enum stop)i;
    return raw_is(name, '"') ? STOP_END : STOP_NONE;
}

enum stop stop_from_chat(struct part name)
{
    if (raw_equals(name, "function_call"))
        return STOP_TOOL;
    for (size_t i = STOP_END; i < STOPS; i++)
        if (raw_equals(name, stops[i].chat))
            return (enum stop)i;
    return raw_is(name, '"') ? STOP_END : STOP_NONE;
}

void writer_init(struct writer *writer, const struct translation *translation, const char *id,
                 int64_t created, bool stream)
{
    static const struct writer_ops *const all[] = {
        [FORMAT_MESSAGES] = &writer_messages,
        [FORMAT_CHAT] = &writer_chat,
        [FORMAT_RESPONSES] = &writer_responses,
    };
    *writer = (struct writer){.ops = all[translation->client],
                              .translation = translation,
                              .id = id,
                              .created = created,
                              .stream = stream};
}

void writer_finish(struct writer *writer)
{
    buffer_finish(&writer->text);
    buffer_finish(&writer->thoughts);
    buffer_finish(&writer->items);
    buffer_finish(&writer->call);
}
