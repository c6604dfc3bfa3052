#include "base/jsontext.h"
#include "core/translate/writer.h"

#include <string.h>

/* The last event holds the whole answer: the one format whose stream cannot be written without
 * keeping what was said. */

static void begin(struct writer *writer, const char *type)
{
    buffer_append_format(writer->out, "event: %s\ndata: {\"type\":\"%s\"", type, type);
    jsontext_add_integer(writer->out, "sequence_number", writer->sequence++);
}

static void end(struct writer *writer)
{
    buffer_append_text(writer->out, "}\n\n");
}

static void add_usage(struct buffer *out, const struct translated_usage *tokens)
{
    int64_t input = tokens->input + tokens->cached + tokens->written;
    buffer_append_char(out, '{');
    jsontext_add_integer(out, "input_tokens", input);
    buffer_append_text(out, ",\"input_tokens_details\":{");
    jsontext_add_integer(out, "cached_tokens", tokens->cached);
    buffer_append_char(out, '}');
    jsontext_add_integer(out, "output_tokens", tokens->output);
    buffer_append_text(out, ",\"output_tokens_details\":{\"reasoning_tokens\":0}");
    jsontext_add_integer(out, "total_tokens", input + tokens->output);
    buffer_append_char(out, '}');
}

static const char *incomplete_reason(enum stop stop)
{
    return stop == STOP_LENGTH || stop == STOP_CONTEXT ? "max_output_tokens"
           : stop == STOP_REFUSAL                      ? "content_filter"
                                                       : NULL;
}

static void append_response(struct writer *writer, const char *status, enum stop stop,
                            const struct translated_usage *tokens)
{
    struct buffer *out = writer->out;
    const char *reason = incomplete_reason(stop);
    buffer_append_format(out,
                         "{\"id\":\"resp_%s\",\"object\":\"response\",\"created_at\":%lld,"
                         "\"status\":\"%s\",\"error\":null,\"incomplete_details\":",
                         writer->id, (long long)writer->created, status);
    if (reason)
        buffer_append_format(out, "{\"reason\":\"%s\"}", reason);
    else
        buffer_append_text(out, "null");
    buffer_append_format(out,
                         ",\"instructions\":null,\"metadata\":{},\"model\":\"%s\",\"output\":[",
                         writer->translation->asked);
    if (tokens)
        buffer_append(out, buffer_text(&writer->items), writer->items.length);
    buffer_append_text(out, "],\"parallel_tool_calls\":true,\"temperature\":null,\"tool_choice\":"
                            "\"auto\",\"tools\":[],\"top_p\":null,\"usage\":");
    if (tokens)
        add_usage(out, tokens);
    else
        buffer_append_text(out, "null");
    buffer_append_char(out, '}');
}

static void tell_response(struct writer *writer, const char *type, const char *status,
                          enum stop stop, const struct translated_usage *tokens)
{
    begin(writer, type);
    jsontext_name(writer->out, "response");
    append_response(writer, status, stop, tokens);
    end(writer);
}

static void start(struct writer *writer, const struct translated_usage *tokens)
{
    (void)tokens;
    if (!writer->stream)
        return;
    tell_response(writer, "response.created", "in_progress", STOP_NONE, NULL);
    tell_response(writer, "response.in_progress", "in_progress", STOP_NONE, NULL);
}

struct shape {
    const char *prefix; /* of the item's id */
    const char *delta, *done, *text;
    const char *part_added, *part_done, *part;
    const char *index;
};

static const struct shape shapes[] = {
    [PIECE_NONE] = {"", NULL, NULL, NULL, NULL, NULL, NULL, NULL},
    [PIECE_TEXT] = {"msg", "response.output_text.delta", "response.output_text.done", "text",
                    "response.content_part.added", "response.content_part.done",
                    "{\"type\":\"output_text\",\"annotations\":[],\"text\":\"", "content_index"},
    [PIECE_THINKING] = {"rs", "response.reasoning_summary_text.delta",
                        "response.reasoning_summary_text.done", "text",
                        "response.reasoning_summary_part.added",
                        "response.reasoning_summary_part.done",
                        "{\"type\":\"summary_text\",\"text\":\"", "summary_index"},
    [PIECE_TOOL] = {"fc", "response.function_call_arguments.delta",
                    "response.function_call_arguments.done", "arguments", NULL, NULL, NULL, NULL},
};

/* The item's id, and where in the output it stands. */
static void add_place(struct writer *writer, enum piece piece)
{
    buffer_append_format(writer->out, ",\"item_id\":\"%s_%s_%zu\",\"output_index\":%zu",
                         shapes[piece].prefix, writer->id, writer->blocks, writer->blocks);
    if (shapes[piece].index)
        jsontext_add_integer(writer->out, shapes[piece].index, 0);
}

static void append_text(struct writer *writer, struct buffer *out, bool whole)
{
    if (whole)
        buffer_append(out, buffer_text(&writer->text), writer->text.length);
    buffer_append_char(out, '"');
}

static void append_item(struct writer *writer, struct buffer *out, enum piece piece, bool whole)
{
    const char *status = whole ? "completed" : "in_progress";
    buffer_append_format(out, "{\"id\":\"%s_%s_%zu\"", shapes[piece].prefix, writer->id,
                         writer->blocks);
    if (piece == PIECE_TOOL) {
        buffer_append_format(out, ",\"type\":\"function_call\",\"status\":\"%s\"", status);
        buffer_append(out, buffer_text(&writer->call), writer->call.length);
        buffer_append_text(out, ",\"arguments\":\"");
        append_text(writer, out, whole);
        buffer_append_char(out, '}');
        return;
    }
    if (piece == PIECE_TEXT)
        buffer_append_format(out,
                             ",\"type\":\"message\",\"status\":\"%s\",\"role\":\"assistant\","
                             "\"content\":[",
                             status);
    else
        buffer_append_text(out, ",\"type\":\"reasoning\",\"summary\":[");
    if (whole) {
        buffer_append_text(out, shapes[piece].part);
        append_text(writer, out, true);
        buffer_append_char(out, '}');
    }
    buffer_append_text(out, "]}");
}

static void tell_item(struct writer *writer, const char *type, enum piece piece, bool whole)
{
    begin(writer, type);
    jsontext_add_integer(writer->out, "output_index", (int64_t)writer->blocks);
    jsontext_name(writer->out, "item");
    append_item(writer, writer->out, piece, whole);
    end(writer);
}

static void tell_part(struct writer *writer, const char *type, enum piece piece, bool whole)
{
    if (!type)
        return;
    begin(writer, type);
    add_place(writer, piece);
    jsontext_name(writer->out, "part");
    buffer_append_text(writer->out, shapes[piece].part);
    append_text(writer, writer->out, whole);
    buffer_append_char(writer->out, '}');
    end(writer);
}

static void open_block(struct writer *writer, enum piece piece, struct part id, struct part name)
{
    buffer_clear(&writer->text);
    buffer_clear(&writer->call);
    if (piece == PIECE_TOOL) {
        buffer_append_text(&writer->call, ",\"call_id\":\"");
        raw_append(&writer->call, id);
        buffer_append_text(&writer->call, "\",\"name\":\"");
        raw_append(&writer->call, name);
        buffer_append_char(&writer->call, '"');
    }
    if (!writer->stream)
        return;
    tell_item(writer, "response.output_item.added", piece, false);
    tell_part(writer, shapes[piece].part_added, piece, false);
}

static void delta(struct writer *writer, enum piece piece, struct part text)
{
    raw_append(&writer->text, text);
    if (!writer->stream)
        return;
    begin(writer, shapes[piece].delta);
    add_place(writer, piece);
    raw_add_inside(writer->out, "delta", text);
    if (piece == PIECE_TEXT)
        buffer_append_text(writer->out, ",\"logprobs\":[]");
    end(writer);
}

static void close_block(struct writer *writer, enum piece piece)
{
    if (writer->stream) {
        begin(writer, shapes[piece].done);
        add_place(writer, piece);
        raw_add_inside(writer->out, shapes[piece].text,
                       (struct part){buffer_text(&writer->text), writer->text.length});
        if (piece == PIECE_TEXT)
            buffer_append_text(writer->out, ",\"logprobs\":[]");
        end(writer);
        tell_part(writer, shapes[piece].part_done, piece, true);
        tell_item(writer, "response.output_item.done", piece, true);
    }
    if (writer->blocks > 0)
        buffer_append_char(&writer->items, ',');
    append_item(writer, &writer->items, piece, true);
    writer->blocks++;
}

static void finish(struct writer *writer, enum stop stop, const struct translated_usage *tokens)
{
    const char *status = incomplete_reason(stop) ? "incomplete" : "completed";
    writer->out->failed |= writer->items.failed || writer->text.failed || writer->call.failed;
    if (!writer->stream)
        append_response(writer, status, stop, tokens);
    else
        tell_response(writer,
                      incomplete_reason(stop) ? "response.incomplete" : "response.completed",
                      status, stop, tokens);
}

static void fail(struct writer *writer, const char *type, const char *message)
{
    struct buffer error = {0};
    if (!writer->stream) {
        fault_append(writer->out, FORMAT_RESPONSES, type, message, NULL);
        return;
    }
    fault_append(&error, FORMAT_RESPONSES, type, message, NULL);
    struct part inner = raw_member((struct part){buffer_text(&error), error.length}, "error");
    begin(writer, "error");
    raw_add(writer->out, "code", raw_member(inner, "code"));
    jsontext_add_string(writer->out, "message", message);
    buffer_append_text(writer->out, ",\"param\":null");
    end(writer);
    writer->out->failed |= error.failed;
    buffer_finish(&error);
}

static void ping(struct writer *writer)
{
    if (writer->stream)
        buffer_append_text(writer->out, ": ping\n\n");
}

const struct writer_ops writer_responses = {start,  open_block, delta, close_block,
                                            finish, fail,       ping};
