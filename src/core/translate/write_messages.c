#include "base/jsontext.h"
#include "core/translate/writer.h"

#include <stdlib.h>
#include <string.h>

static void begin(struct writer *writer, const char *type)
{
    buffer_append_format(writer->out, "event: %s\ndata: {\"type\":\"%s\"", type, type);
}

static void end(struct writer *writer)
{
    buffer_append_text(writer->out, "}\n\n");
}

static void add_usage(struct buffer *out, const struct translated_usage *tokens)
{
    jsontext_name(out, "usage");
    buffer_append_char(out, '{');
    jsontext_add_integer(out, "input_tokens", tokens->input);
    jsontext_add_integer(out, "cache_creation_input_tokens", tokens->written);
    jsontext_add_integer(out, "cache_read_input_tokens", tokens->cached);
    jsontext_add_integer(out, "output_tokens", tokens->output);
    buffer_append_char(out, '}');
}

static void add_head(struct writer *writer)
{
    buffer_append_format(writer->out,
                         "\"id\":\"msg_%s\",\"type\":\"message\",\"role\":"
                         "\"assistant\",\"model\":\"%s\"",
                         writer->id, writer->translation->asked);
}

static void start(struct writer *writer, const struct translated_usage *tokens)
{
    if (!writer->stream)
        return;
    begin(writer, "message_start");
    buffer_append_text(writer->out, ",\"message\":{");
    add_head(writer);
    buffer_append_text(writer->out, ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null");
    add_usage(writer->out, tokens);
    buffer_append_char(writer->out, '}');
    end(writer);
}

/* The beginning of a block; of a whole one it ends before the text. */
static void append_block(struct writer *writer, struct buffer *out, enum piece piece,
                         struct part id, struct part name)
{
    char changed[TOOLNAME_MOST + 1];
    (void)writer;
    if (piece != PIECE_TOOL) {
        buffer_append_text(out, piece == PIECE_TEXT ? "{\"type\":\"text\",\"text\":\""
                                                    : "{\"type\":\"thinking\",\"thinking\":\"");
        return;
    }
    buffer_append_text(out, "{\"type\":\"tool_use\"");
    raw_add_inside(out, "id", toolid_send(id, changed));
    raw_add_inside(out, "name", name);
    buffer_append_text(out, ",\"input\":");
}

static void open_block(struct writer *writer, enum piece piece, struct part id, struct part name)
{
    struct buffer *out = writer->stream ? writer->out : &writer->items;
    if (!writer->stream) {
        if (writer->items.length > 0)
            buffer_append_char(out, ',');
        append_block(writer, out, piece, id, name);
        return;
    }
    begin(writer, "content_block_start");
    jsontext_add_integer(out, "index", (int64_t)writer->blocks);
    jsontext_name(out, "content_block");
    append_block(writer, out, piece, id, name);
    buffer_append_text(out, piece == PIECE_TOOL       ? "{}}"
                            : piece == PIECE_THINKING ? "\",\"signature\":\"\"}"
                                                      : "\"}");
    end(writer);
}

static void delta(struct writer *writer, enum piece piece, struct part text)
{
    static const char *const kinds[] = {
        [PIECE_NONE] = "",
        [PIECE_TEXT] = "{\"type\":\"text_delta\",\"text\":\"",
        [PIECE_THINKING] = "{\"type\":\"thinking_delta\",\"thinking\":\"",
        [PIECE_TOOL] = "{\"type\":\"input_json_delta\",\"partial_json\":\"",
    };
    if (!writer->stream) {
        raw_append(piece == PIECE_TOOL ? &writer->text : &writer->items, text);
        return;
    }
    begin(writer, "content_block_delta");
    jsontext_add_integer(writer->out, "index", (int64_t)writer->blocks);
    jsontext_name(writer->out, "delta");
    buffer_append_text(writer->out, kinds[piece]);
    raw_append(writer->out, text);
    buffer_append_text(writer->out, "\"}");
    end(writer);
}

/* A whole call shows the value that its arguments' text holds. */
static void append_input(struct writer *writer)
{
    struct part inside = {buffer_text(&writer->text), writer->text.length};
    char *text = raw_decode_inside(inside);
    struct scan scan = {text, text ? text + strlen(text) : NULL};
    struct part value = {"", 0};
    bool whole =
        text && scan_peek(&scan) == '{' && scan_value(&scan, &value) && scan_peek(&scan) == '\0';
    writer->items.failed |= !text;
    raw_compact(&writer->items, whole ? value : RAW("{}"));
    free(text);
    buffer_clear(&writer->text);
}

static void close_block(struct writer *writer, enum piece piece)
{
    if (!writer->stream) {
        if (piece == PIECE_TOOL)
            append_input(writer);
        buffer_append_text(&writer->items, piece == PIECE_TOOL       ? "}"
                                           : piece == PIECE_THINKING ? "\",\"signature\":\"\"}"
                                                                     : "\"}");
    } else {
        begin(writer, "content_block_stop");
        jsontext_add_integer(writer->out, "index", (int64_t)writer->blocks);
        end(writer);
    }
    writer->blocks++;
}

static void add_stop(struct buffer *out, enum stop stop)
{
    jsontext_add_string(out, "stop_reason", stop_to_messages(stop));
    buffer_append_text(out, ",\"stop_sequence\":null");
}

static void finish(struct writer *writer, enum stop stop, const struct translated_usage *tokens)
{
    struct buffer *out = writer->out;
    if (!writer->stream) {
        buffer_append_char(out, '{');
        add_head(writer);
        buffer_append_text(out, ",\"content\":[");
        buffer_append(out, buffer_text(&writer->items), writer->items.length);
        buffer_append_char(out, ']');
        add_stop(out, stop);
        add_usage(out, tokens);
        buffer_append_char(out, '}');
        return;
    }
    begin(writer, "message_delta");
    buffer_append_text(out, ",\"delta\":{");
    add_stop(out, stop);
    buffer_append_char(out, '}');
    add_usage(out, tokens);
    end(writer);
    begin(writer, "message_stop");
    end(writer);
}

static void fail(struct writer *writer, const char *type, const char *message)
{
    if (writer->stream)
        buffer_append_text(writer->out, "event: error\ndata: ");
    fault_append(writer->out, FORMAT_MESSAGES, type, message, NULL);
    if (writer->stream)
        buffer_append_text(writer->out, "\n\n");
}

static void ping(struct writer *writer)
{
    if (!writer->stream)
        return;
    begin(writer, "ping");
    end(writer);
}

const struct writer_ops writer_messages = {start,  open_block, delta, close_block,
                                           finish, fail,       ping};
