#include "core/evidence/gate.h"

#include "base/text.h"

#include <string.h>

void gate_init(struct gate *gate, struct evidence *evidence, enum stream_id stream, gate_sink *sink,
               void *context)
{
    *gate = (struct gate){.evidence = evidence, .stream = stream, .sink = sink, .context = context};
}

void gate_finish(struct gate *gate)
{
    buffer_finish(&gate->line);
    buffer_finish(&gate->held);
}

void gate_release(struct gate *gate, bool drop)
{
    if (!drop && gate->held.length > 0)
        gate->sink(gate->context, gate->held.data, gate->held.length);
    buffer_clear(&gate->held);
    gate->holding = false;
}

static void open_for_good(struct gate *gate)
{
    gate_release(gate, false);
    gate->opened = true;
}

/* --output-format json --verbose is one array of everything: nobody can use its beginning alone. */
static bool is_json(const struct gate *gate, const struct buffer *begun)
{
    return gate->evidence->last_word && gate->stream == STREAM_OUT && begun->length > 0 &&
           (begun->data[0] == '[' || begun->data[0] == '{');
}

static size_t most(const struct gate *gate, const struct buffer *begun, size_t usual)
{
    return is_json(gate, begun) ? GATE_JSON_LONGEST : usual;
}

/* The beginning of a line that goes on if its end does not come soon. */
static bool has_beginning(const struct gate *gate)
{
    return !gate->holding && gate->line.length > gate->line_passed && !is_json(gate, &gate->line);
}

static void pass(struct gate *gate, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    const struct buffer *begun = gate->held.length > 0 ? &gate->held : &gate->line;
    if (gate->holding && gate->held.length + length <= most(gate, begun, GATE_HELD_MOST)) {
        buffer_append(&gate->held, bytes, length);
        if (!gate->held.failed)
            return;
        gate->held.failed = false;
    }
    if (gate->holding)
        open_for_good(gate);
    gate->sink(gate->context, bytes, length);
}

static void hold(struct gate *gate, int64_t now_ms)
{
    if (gate->holding || gate->opened)
        return;
    gate->holding = true;
    gate->held_since = now_ms;
}

static void forget_line(struct gate *gate)
{
    buffer_clear(&gate->line);
    gate->line_passed = 0;
}

static void pass_line_so_far(struct gate *gate)
{
    pass(gate, buffer_text(&gate->line) + gate->line_passed, gate->line.length - gate->line_passed);
    gate->line_passed = gate->line.length;
}

/* The line in the buffer is complete, its end included if it has one. */
static void read_line(struct gate *gate, int64_t now_ms)
{
    size_t length = gate->line.length;
    if (length > 0 && gate->line.data[length - 1] == '\n')
        length--;
    enum line_kind kind =
        evidence_read_line(gate->evidence, gate->stream, buffer_text(&gate->line), length);
    if (kind == LINE_MARK)
        hold(gate, now_ms);
    else if (kind == LINE_GOES_ON)
        gate_release(gate, false);
    pass_line_so_far(gate);
    forget_line(gate);
}

static bool is_of_interest(struct gate *gate)
{
    const struct buffer *line = &gate->line;
    return evidence_seek(gate->evidence, line->data, line->length) < line->length;
}

/* The beginning of a line waits for its end if it may become a mark; else it goes on, and is kept
 * only to be read. */
static void take_beginning(struct gate *gate)
{
    const struct buffer *line = &gate->line;
    if (!is_of_interest(gate) && !message_may_start(line->data, line->length))
        pass_line_so_far(gate);
}

/* Adds to the line being read; its end may have come with it. */
static void extend_line(struct gate *gate, const char *bytes, size_t length, bool ended,
                        int64_t now_ms)
{
    if (length == 0)
        return;
    if (gate->line.length == 0)
        gate->line_since = now_ms;
    buffer_append(&gate->line, bytes, length);
    if (gate->line.failed || gate->line.length > most(gate, &gate->line, GATE_LINE_LONGEST)) {
        bool kept = !gate->line.failed;
        gate->line.failed = false;
        pass_line_so_far(gate);
        if (!kept)
            pass(gate, bytes, length); /* no memory to read it with: pass it unread */
        gate->evidence->unread |= !kept;
        forget_line(gate);
        gate->line_unread = !ended;
    } else if (!ended) {
        take_beginning(gate);
    } else if (is_of_interest(gate)) {
        read_line(gate, now_ms);
    } else {
        pass_line_so_far(gate);
        forget_line(gate);
    }
}

/* The length of the rest of a line that began before these bytes, its end included if it is there.
 */
static size_t rest_of_line(const char *bytes, size_t length, bool *ret_ended)
{
    const char *end = memchr(bytes, '\n', length);
    *ret_ended = end != NULL;
    return end ? (size_t)(end + 1 - bytes) : length;
}

/* The length of the leading whole lines that matter to nobody: they go on in one piece, without a
 * copy. */
static size_t plain_length(struct gate *gate, const char *bytes, size_t length)
{
    size_t hit = evidence_seek(gate->evidence, bytes, length);
    const char *end = hit > 0 ? text_last(bytes, hit, '\n') : NULL;
    return end ? (size_t)(end + 1 - bytes) : 0;
}

void gate_feed(struct gate *gate, const char *bytes, size_t length, int64_t now_ms)
{
    bool ended;
    while (length > 0) {
        size_t taken;
        if (gate->line_unread) {
            taken = rest_of_line(bytes, length, &ended);
            gate->line_unread = !ended;
            pass(gate, bytes, taken);
        } else if (gate->line.length == 0 && (taken = plain_length(gate, bytes, length)) > 0) {
            pass(gate, bytes, taken);
        } else {
            taken = rest_of_line(bytes, length, &ended);
            extend_line(gate, bytes, taken, ended, now_ms);
        }
        bytes += taken;
        length -= taken;
    }
}

int64_t gate_deadline(const struct gate *gate)
{
    int64_t partial = -1, held = -1;
    if (has_beginning(gate))
        partial = gate->line_since + GATE_PARTIAL_MS;
    if (gate->holding)
        held = gate->held_since + GATE_HELD_MS;
    return partial < 0 ? held : held < 0 || partial < held ? partial : held;
}

void gate_tick(struct gate *gate, int64_t now_ms)
{
    if (gate->holding && now_ms >= gate->held_since + GATE_HELD_MS)
        open_for_good(gate);
    if (has_beginning(gate) && now_ms >= gate->line_since + GATE_PARTIAL_MS)
        pass_line_so_far(gate);
}

void gate_end(struct gate *gate)
{
    if (gate->line.length > 0)
        read_line(gate, gate->line_since);
}
