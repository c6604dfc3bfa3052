#include "core/translate/turn.h"

#include <stdio.h>
#include <string.h>

#define NOTHING ((struct part){"", 0})

static struct part part_of(const struct buffer *buffer)
{
    return (struct part){buffer_text(buffer), buffer->length};
}

void turn_finish(struct turn *turn)
{
    for (size_t i = 0; i < turn->count; i++) {
        buffer_finish(&turn->calls[i].id);
        buffer_finish(&turn->calls[i].name);
        buffer_finish(&turn->calls[i].arguments);
    }
    writer_finish(&turn->writer);
}

void turn_begin(struct turn *turn)
{
    if (turn->has_started || turn->has_ended)
        return;
    turn->has_started = turn->has_output = true;
    turn->writer.ops->start(&turn->writer, &turn->tokens);
}

void turn_fail(struct turn *turn, const char *type, const char *message)
{
    if (turn->has_ended)
        return;
    snprintf(turn->fault_type, sizeof turn->fault_type, "%s", type);
    snprintf(turn->fault_text, sizeof turn->fault_text, "%s", message);
    turn->writer.ops->fail(&turn->writer, turn->fault_type, turn->fault_text);
    turn->has_ended = turn->has_failed = true;
}

void turn_block_done(struct turn *turn)
{
    if (turn->open == PIECE_NONE || turn->call || turn->has_ended)
        return;
    turn->writer.ops->close(&turn->writer, turn->open);
    turn->open = PIECE_NONE;
}

static void write_arguments(struct turn *turn, struct part inside)
{
    if (inside.length > 0)
        turn->writer.ops->delta(&turn->writer, PIECE_TOOL, inside);
}

static void open_call(struct turn *turn, struct turn_call *call)
{
    turn_begin(turn);
    turn_block_done(turn);
    turn->call = call;
    turn->open = PIECE_TOOL;
    turn->written++;
    turn->writer.ops->open(&turn->writer, PIECE_TOOL, part_of(&call->id), part_of(&call->name));
    write_arguments(turn, part_of(&call->arguments));
    turn->waiting -= call->arguments.length;
    turn->writer.out->failed |= call->id.failed || call->name.failed || call->arguments.failed;
    buffer_finish(&call->arguments);
}

/* Clients parse all that came: no arguments at all must be an object too. */
static void close_call(struct turn *turn)
{
    if (turn->call->received == 0)
        write_arguments(turn, RAW("{}"));
    turn->writer.ops->close(&turn->writer, PIECE_TOOL);
    turn->call->is_closed = true;
    turn->call = NULL;
    turn->open = PIECE_NONE;
}

/* Calls go out in their order: the first that is not closed is the open one. */
static void move_on(struct turn *turn)
{
    if (turn->call && turn->call->has_ended)
        close_call(turn);
    for (size_t i = 0; i < turn->count && !turn->call; i++) {
        struct turn_call *call = &turn->calls[i];
        if (call->is_closed)
            continue;
        if (!call->is_named)
            return;
        open_call(turn, call);
        if (call->has_ended)
            close_call(turn);
    }
}

/* Some give their calls no id. */
static void make_id(struct turn *turn, struct turn_call *call)
{
    if (call->id.length == 0)
        buffer_append_format(&call->id, "call_%s_%zu", turn->writer.id,
                             (size_t)(call - turn->calls));
}

/* All calls are whole; of one without a name nobody knows what it calls. */
static void close_calls(struct turn *turn, bool at_end)
{
    for (size_t i = 0; i < turn->count; i++) {
        struct turn_call *call = &turn->calls[i];
        if (call->is_closed)
            continue;
        if (call->name.length > 0) {
            make_id(turn, call);
            call->is_named = call->has_ended = true;
        } else if (at_end) {
            call->is_closed = true;
        }
    }
    move_on(turn);
}

void turn_text(struct turn *turn, enum piece piece, struct part inside)
{
    if (turn->has_ended || inside.length == 0)
        return;
    turn_begin(turn);
    close_calls(turn, false);
    if (turn->open != piece) {
        turn_block_done(turn);
        turn->writer.ops->open(&turn->writer, piece, NOTHING, NOTHING);
        turn->open = piece;
    }
    turn->writer.ops->delta(&turn->writer, piece, inside);
}

static struct turn_call *find(struct turn *turn, int64_t key)
{
    for (size_t i = turn->count; i > 0; i--)
        if (turn->calls[i - 1].key == key)
            return &turn->calls[i - 1];
    return NULL;
}

static struct turn_call *add(struct turn *turn, int64_t key)
{
    if (turn->count == TURN_CALLS) {
        turn_fail(turn, "api_error", "the answer calls more than 128 tools");
        return NULL;
    }
    struct turn_call *call = &turn->calls[turn->count++];
    *call = (struct turn_call){.key = key, .hash = 2166136261u};
    return call;
}

static bool same(const struct buffer *buffer, struct part text)
{
    return buffer->length == text.length &&
           (text.length == 0 || memcmp(buffer->data, text.text, text.length) == 0);
}

void turn_call(struct turn *turn, int64_t key, struct part id, struct part name)
{
    struct turn_call *call = find(turn, key);
    if (turn->has_ended)
        return;
    if (call && id.length > 0 && call->id.length > 0 && !same(&call->id, id)) {
        call->has_ended = true;
        if (call->name.length > 0)
            call->is_named = true;
        call = NULL;
    }
    if (!call && !(call = add(turn, key)))
        return;
    if (call->id.length == 0)
        raw_append(&call->id, id);
    if (call->name.length == 0)
        raw_append(&call->name, toolname_restore(&turn->writer.translation->names, name));
    call->is_named |= call->id.length > 0 && call->name.length > 0;
    move_on(turn);
}

static void count(struct turn_call *call, struct part inside)
{
    for (size_t i = 0; i < inside.length; i++)
        call->hash = (call->hash ^ (unsigned char)inside.text[i]) * 16777619u;
    call->received += inside.length;
}

static void take_arguments(struct turn *turn, struct turn_call *call, struct part inside)
{
    if (inside.length == 0)
        return;
    if (call->is_closed) {
        turn_fail(turn, "api_error", "the answer goes on with a tool's call that had ended");
        return;
    }
    count(call, inside);
    if (call == turn->call) {
        write_arguments(turn, inside);
        return;
    }
    turn->waiting += inside.length;
    if (turn->waiting > TURN_BUFFER)
        turn_fail(turn, "api_error", "the answer mixes calls of tools that are too large");
    else
        raw_append(&call->arguments, inside);
}

void turn_arguments(struct turn *turn, int64_t key, struct part inside)
{
    struct turn_call *call = find(turn, key);
    if (turn->has_ended || (!call && !(call = add(turn, key))))
        return;
    take_arguments(turn, call, inside);
}

/* What is missing of a call's arguments; nothing if these are others than those that came. */
static struct part rest_of(const struct turn_call *call, struct part inside)
{
    struct turn_call begun = {.hash = 2166136261u};
    if (inside.length <= call->received)
        return NOTHING;
    count(&begun, (struct part){inside.text, call->received});
    return begun.hash == call->hash
               ? (struct part){inside.text + call->received, inside.length - call->received}
               : NOTHING;
}

void turn_call_done(struct turn *turn, int64_t key, struct part inside)
{
    struct turn_call *call = find(turn, key);
    if (turn->has_ended || !call || call->is_closed)
        return;
    take_arguments(turn, call, rest_of(call, inside));
    call->has_ended = true;
    if (!turn->has_ended)
        move_on(turn);
}

/* The reason must fit what was written: clients wait for results, or do not, by it. */
static enum stop stop_of(const struct turn *turn)
{
    if (turn->written > 0 && (turn->stop == STOP_END || turn->stop == STOP_SEQUENCE))
        return STOP_TOOL;
    return turn->written == 0 && turn->stop == STOP_TOOL ? STOP_END : turn->stop;
}

void turn_end(struct turn *turn)
{
    if (turn->has_ended)
        return;
    if (turn->stop == STOP_NONE) {
        turn_fail(turn, "api_error", "the provider's answer broke off before its end");
        return;
    }
    turn_begin(turn);
    close_calls(turn, true);
    turn_block_done(turn);
    turn->writer.ops->finish(&turn->writer, stop_of(turn), &turn->tokens);
    turn->has_ended = true;
}

void turn_ping(struct turn *turn)
{
    if (turn->has_started && !turn->has_ended)
        turn->writer.ops->ping(&turn->writer);
}

void turn_note(struct turn *turn, const char *where, struct part name)
{
    notes_add(turn->notes, where, name);
}
