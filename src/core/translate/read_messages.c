#include "core/translate/fault.h"
#include "core/translate/reader.h"

#include <stdlib.h>
#include <string.h>

void read_fault(struct turn *turn, struct part object)
{
    char type[FAULT_TYPE], text[TRANSLATION_TEXT];
    fault_read(object, 0, type, text, sizeof text);
    turn_fail(turn, type, text);
}

/* Later counts stand; what is left out of them stays. */
static void read_usage(struct turn *turn, struct part usage)
{
    enum { INPUT, CACHED, WRITTEN, OUTPUT, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"input_tokens", "cache_read_input_tokens",
                                                   "cache_creation_input_tokens", "output_tokens"};
    struct part v[MEMBERS];
    int64_t *const counts[] = {&turn->tokens.input, &turn->tokens.cached, &turn->tokens.written,
                               &turn->tokens.output};
    if (!raw_members(usage, names, v, NULL, NULL))
        return;
    for (size_t i = 0; i < MEMBERS; i++)
        if (v[i].length > 0)
            *counts[i] = raw_count(v[i]);
}

static void read_input(struct turn *turn, int64_t key, struct part input)
{
    struct buffer text = {0};
    if (!raw_is(input, '{') || input.length <= 2)
        return;
    raw_quote(&text, input);
    turn_arguments(turn, key, (struct part){buffer_text(&text), text.length});
    turn->writer.out->failed |= text.failed;
    buffer_finish(&text);
}

static void read_block(struct turn *turn, int64_t key, struct part block)
{
    struct part type = raw_member(block, "type");
    if (raw_equals(type, "text")) {
        turn_text(turn, PIECE_TEXT, raw_inside(raw_member(block, "text")));
    } else if (raw_equals(type, "thinking")) {
        turn_text(turn, PIECE_THINKING, raw_inside(raw_member(block, "thinking")));
    } else if (raw_equals(type, "tool_use")) {
        turn_call(turn, key, raw_inside(raw_member(block, "id")),
                  raw_inside(raw_member(block, "name")));
        read_input(turn, key, raw_member(block, "input"));
    } else if (!raw_equals(type, "redacted_thinking")) {
        turn_note(turn, "answer", raw_inside(type));
    }
}

static void read_delta(struct turn *turn, int64_t key, struct part delta)
{
    struct part type = raw_member(delta, "type");
    if (raw_equals(type, "text_delta"))
        turn_text(turn, PIECE_TEXT, raw_inside(raw_member(delta, "text")));
    else if (raw_equals(type, "thinking_delta"))
        turn_text(turn, PIECE_THINKING, raw_inside(raw_member(delta, "thinking")));
    else if (raw_equals(type, "input_json_delta"))
        turn_arguments(turn, key, raw_inside(raw_member(delta, "partial_json")));
    else if (!raw_equals(type, "signature_delta"))
        turn_note(turn, "answer", raw_inside(type));
}

void read_messages_event(struct turn *turn, struct part data)
{
    enum { TYPE, INDEX, MESSAGE, BLOCK, DELTA, USAGE, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"type",          "index", "message",
                                                   "content_block", "delta", "usage"};
    struct part v[MEMBERS];
    if (!raw_members(data, names, v, NULL, NULL))
        return;
    int64_t key = raw_count(v[INDEX]);
    if (raw_equals(v[TYPE], "message_start")) {
        read_usage(turn, raw_member(v[MESSAGE], "usage"));
        turn_begin(turn);
    } else if (raw_equals(v[TYPE], "content_block_start")) {
        read_block(turn, key, v[BLOCK]);
    } else if (raw_equals(v[TYPE], "content_block_delta")) {
        read_delta(turn, key, v[DELTA]);
    } else if (raw_equals(v[TYPE], "content_block_stop")) {
        turn_block_done(turn);
        turn_call_done(turn, key, (struct part){"", 0});
    } else if (raw_equals(v[TYPE], "message_delta")) {
        turn->stop = stop_from_messages(raw_member(v[DELTA], "stop_reason"));
        read_usage(turn, v[USAGE]);
    } else if (raw_equals(v[TYPE], "message_stop")) {
        turn_end(turn);
    } else if (raw_equals(v[TYPE], "error")) {
        read_fault(turn, data);
    } else if (raw_equals(v[TYPE], "ping")) {
        turn_ping(turn);
    } else {
        turn_note(turn, "event", raw_inside(v[TYPE]));
    }
}

void read_messages_whole(struct turn *turn, struct part body)
{
    enum { TYPE, CONTENT, STOP, USAGE, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"type", "content", "stop_reason", "usage"};
    struct part v[MEMBERS], block;
    int64_t key = 0;
    if (!raw_members(body, names, v, NULL, NULL) || !raw_is(v[CONTENT], '[')) {
        read_fault(turn, body);
        return;
    }
    read_usage(turn, v[USAGE]);
    turn->stop = stop_from_messages(v[STOP]);
    for (struct raw_items items = raw_items(v[CONTENT]); raw_next(&items, &block); key++) {
        read_block(turn, key, block);
        turn_block_done(turn);
        turn_call_done(turn, key, (struct part){"", 0});
    }
    turn_end(turn);
}
