#include "core/translate/reader.h"

#include <string.h>

static void read_usage(struct turn *turn, struct part usage)
{
    int64_t cached =
        raw_count(raw_member(raw_member(usage, "input_tokens_details"), "cached_tokens"));
    int64_t input = raw_count(raw_member(usage, "input_tokens"));
    if (!raw_is(usage, '{'))
        return;
    turn->tokens =
        (struct translated_usage){.input = input > cached ? input - cached : 0,
                                  .cached = cached,
                                  .output = raw_count(raw_member(usage, "output_tokens"))};
}

static void read_call(struct turn *turn, int64_t key, struct part item)
{
    if (raw_equals(raw_member(item, "type"), "function_call"))
        turn_call(turn, key, raw_inside(raw_member(item, "call_id")),
                  raw_inside(raw_member(item, "name")));
}

static void end_item(struct turn *turn, int64_t key, struct part item)
{
    if (raw_equals(raw_member(item, "type"), "function_call"))
        turn_call_done(turn, key, raw_inside(raw_member(item, "arguments")));
    else
        turn_block_done(turn);
}

static void read_refusal(struct turn *turn, struct part text)
{
    turn_text(turn, PIECE_TEXT, raw_inside(text));
    turn->stop = STOP_REFUSAL;
}

static void end_response(struct turn *turn, struct part response)
{
    struct part reason = raw_member(raw_member(response, "incomplete_details"), "reason");
    read_usage(turn, raw_member(response, "usage"));
    if (raw_equals(raw_member(response, "status"), "incomplete"))
        turn->stop = raw_equals(reason, "content_filter") ? STOP_REFUSAL : STOP_LENGTH;
    else if (turn->stop == STOP_NONE)
        turn->stop = STOP_END;
    turn_end(turn);
}

/* What says nothing that another event does not say, too. */
static bool is_known(struct part type)
{
    static const char *const known[] = {
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_text.done",
        "response.refusal.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.done",
        "keepalive",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (raw_equals(type, known[i]))
            return true;
    return false;
}

static void note_item(struct turn *turn, struct part item)
{
    static const char *const known[] = {"message", "function_call", "reasoning"};
    struct part type = raw_member(item, "type");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (raw_equals(type, known[i]))
            return;
    turn_note(turn, "answer", raw_inside(type));
}

void read_responses_event(struct turn *turn, struct part data)
{
    enum { TYPE, INDEX, ITEM, DELTA, ARGUMENTS, RESPONSE, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"type",  "output_index", "item",
                                                   "delta", "arguments",    "response"};
    struct part v[MEMBERS];
    if (!raw_members(data, names, v, NULL, NULL))
        return;
    int64_t key = raw_count(v[INDEX]);
    if (raw_equals(v[TYPE], "response.output_item.added"))
        read_call(turn, key, v[ITEM]), note_item(turn, v[ITEM]);
    else if (raw_equals(v[TYPE], "response.output_text.delta"))
        turn_text(turn, PIECE_TEXT, raw_inside(v[DELTA]));
    else if (raw_equals(v[TYPE], "response.refusal.delta"))
        read_refusal(turn, v[DELTA]);
    else if (raw_equals(v[TYPE], "response.reasoning_summary_text.delta") ||
             raw_equals(v[TYPE], "response.reasoning_text.delta"))
        turn_text(turn, PIECE_THINKING, raw_inside(v[DELTA]));
    else if (raw_equals(v[TYPE], "response.function_call_arguments.delta"))
        turn_arguments(turn, key, raw_inside(v[DELTA]));
    else if (raw_equals(v[TYPE], "response.function_call_arguments.done"))
        turn_call_done(turn, key, raw_inside(v[ARGUMENTS]));
    else if (raw_equals(v[TYPE], "response.output_item.done"))
        end_item(turn, key, v[ITEM]);
    else if (raw_equals(v[TYPE], "response.completed") ||
             raw_equals(v[TYPE], "response.incomplete"))
        end_response(turn, v[RESPONSE]);
    else if (raw_equals(v[TYPE], "response.failed"))
        read_fault(turn, v[RESPONSE]);
    else if (raw_equals(v[TYPE], "error"))
        read_fault(turn, data);
    else if (!is_known(v[TYPE]))
        turn_note(turn, "event", raw_inside(v[TYPE]));
}

static void read_parts(struct turn *turn, enum piece piece, struct part parts)
{
    struct raw_items items = raw_items(parts);
    struct part part;
    while (raw_next(&items, &part))
        if (raw_equals(raw_member(part, "type"), "refusal"))
            read_refusal(turn, raw_member(part, "refusal"));
        else
            turn_text(turn, piece, raw_inside(raw_member(part, "text")));
    turn_block_done(turn);
}

static void read_item(struct turn *turn, int64_t key, struct part item)
{
    struct part type = raw_member(item, "type");
    if (raw_equals(type, "message"))
        read_parts(turn, PIECE_TEXT, raw_member(item, "content"));
    else if (raw_equals(type, "reasoning"))
        read_parts(turn, PIECE_THINKING, raw_member(item, "summary"));
    note_item(turn, item);
    read_call(turn, key, item);
    end_item(turn, key, item);
}

void read_responses_whole(struct turn *turn, struct part body)
{
    enum { ERROR, OUTPUT, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"error", "output"};
    struct part v[MEMBERS], item;
    int64_t key = 0;
    if (!raw_members(body, names, v, NULL, NULL) || v[ERROR].length > 0 ||
        !raw_is(v[OUTPUT], '[')) {
        read_fault(turn, body);
        return;
    }
    for (struct raw_items items = raw_items(v[OUTPUT]); raw_next(&items, &item); key++)
        read_item(turn, key, item);
    end_response(turn, body);
}
