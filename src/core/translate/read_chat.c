#include "core/translate/reader.h"

#include <string.h>

static void read_usage(struct turn *turn, struct part usage)
{
    int64_t cached =
        raw_count(raw_member(raw_member(usage, "prompt_tokens_details"), "cached_tokens"));
    int64_t prompt = raw_count(raw_member(usage, "prompt_tokens"));
    if (!raw_is(usage, '{'))
        return;
    turn->tokens =
        (struct translated_usage){.input = prompt > cached ? prompt - cached : 0,
                                  .cached = cached,
                                  .output = raw_count(raw_member(usage, "completion_tokens"))};
}

static void read_calls(struct turn *turn, struct part calls)
{
    enum { INDEX, ID, FUNCTION, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"index", "id", "function"};
    struct raw_items items = raw_items(calls);
    struct part call, v[MEMBERS];
    for (int64_t place = 0; raw_next(&items, &call); place++) {
        (void)raw_members(call, names, v, NULL, NULL);
        int64_t key = v[INDEX].length > 0 ? raw_count(v[INDEX]) : place;
        turn_call(turn, key, raw_inside(v[ID]), raw_inside(raw_member(v[FUNCTION], "name")));
        turn_arguments(turn, key, raw_inside(raw_member(v[FUNCTION], "arguments")));
    }
}

static void note_member(void *context, struct part name)
{
    turn_note(context, "answer", name);
}

/* A call of the older kind: one at most, without an id. */
static void read_legacy(struct turn *turn, struct part call)
{
    if (!raw_is(call, '{'))
        return;
    turn_call(turn, 0, RAW(""), raw_inside(raw_member(call, "name")));
    turn_arguments(turn, 0, raw_inside(raw_member(call, "arguments")));
}

/* A delta, or a whole message: the same members. Some come empty with each answer. */
static void read_message(struct turn *turn, struct part message)
{
    enum {
        CONTENT,
        REFUSAL,
        REASONING_CONTENT,
        REASONING,
        CALLS,
        LEGACY,
        ROLE,
        ANNOTATIONS,
        DETAILS,
        MEMBERS
    };
    static const char *const names[MEMBERS + 1] = {"content",   "refusal",     "reasoning_content",
                                                   "reasoning", "tool_calls",  "function_call",
                                                   "role",      "annotations", "reasoning_details"};
    struct part v[MEMBERS];
    if (!raw_members(message, names, v, note_member, turn))
        return;
    if (v[ANNOTATIONS].length > 2)
        turn_note(turn, "answer", RAW("annotations"));
    turn_text(turn, PIECE_THINKING,
              raw_inside(v[REASONING_CONTENT].length > 0 ? v[REASONING_CONTENT] : v[REASONING]));
    turn_text(turn, PIECE_TEXT, raw_inside(v[CONTENT]));
    turn_text(turn, PIECE_TEXT, raw_inside(v[REFUSAL]));
    if (raw_has_text(v[REFUSAL]))
        turn->stop = STOP_REFUSAL;
    read_calls(turn, v[CALLS]);
    read_legacy(turn, v[LEGACY]);
}

static void read_choice(struct turn *turn, struct part choice, const char *member)
{
    enum stop stop = stop_from_chat(raw_member(choice, "finish_reason"));
    if (raw_count(raw_member(choice, "index")) > 0)
        return;
    read_message(turn, raw_member(choice, member));
    if (stop != STOP_NONE && turn->stop != STOP_REFUSAL)
        turn->stop = stop;
}

void read_chat_event(struct turn *turn, struct part data)
{
    enum { ERROR, CHOICES, USAGE, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"error", "choices", "usage"};
    struct part v[MEMBERS], choice;
    size_t count = 0;
    if (data.length == 6 && memcmp(data.text, "[DONE]", 6) == 0) {
        turn_end(turn);
        return;
    }
    if (!raw_members(data, names, v, NULL, NULL))
        return;
    if (v[ERROR].length > 0) {
        read_fault(turn, data);
        return;
    }
    turn_begin(turn);
    for (struct raw_items items = raw_items(v[CHOICES]); raw_next(&items, &choice); count++)
        read_choice(turn, choice, "delta");
    read_usage(turn, v[USAGE]);
    if (count == 0 && v[USAGE].length > 0 && turn->stop != STOP_NONE)
        turn_end(turn);
}

void read_chat_whole(struct turn *turn, struct part body)
{
    enum { ERROR, CHOICES, USAGE, MEMBERS };
    static const char *const names[MEMBERS + 1] = {"error", "choices", "usage"};
    struct part v[MEMBERS], choice;
    if (!raw_members(body, names, v, NULL, NULL) || v[ERROR].length > 0 ||
        !raw_is(v[CHOICES], '[')) {
        read_fault(turn, body);
        return;
    }
    read_usage(turn, v[USAGE]);
    for (struct raw_items items = raw_items(v[CHOICES]); raw_next(&items, &choice);)
        read_choice(turn, choice, "message");
    turn_end(turn);
}
