#include "base/jsontext.h"
#include "core/translate/writer.h"

static void add_head(struct writer *writer, const char *object)
{
    buffer_append_format(writer->out,
                         "{\"id\":\"chatcmpl-%s\",\"object\":\"%s\",\"created\":%lld,"
                         "\"model\":\"%s\",\"choices\":[",
                         writer->id, object, (long long)writer->created,
                         writer->translation->asked);
}

/* Up to the delta's members, and from them on. */
static void begin(struct writer *writer)
{
    buffer_append_text(writer->out, "data: ");
    add_head(writer, "chat.completion.chunk");
    buffer_append_text(writer->out, "{\"index\":0,\"delta\":{");
}

static void end(struct writer *writer, enum stop stop)
{
    buffer_append_text(writer->out, "},\"finish_reason\":");
    if (stop == STOP_NONE)
        buffer_append_text(writer->out, "null");
    else
        jsontext_string(writer->out, stop_to_chat(stop));
    buffer_append_text(writer->out, "}]}\n\n");
}

static void add_usage(struct buffer *out, const struct translated_usage *tokens)
{
    int64_t input = tokens->input + tokens->cached + tokens->written;
    jsontext_name(out, "usage");
    buffer_append_char(out, '{');
    jsontext_add_integer(out, "prompt_tokens", input);
    jsontext_add_integer(out, "completion_tokens", tokens->output);
    jsontext_add_integer(out, "total_tokens", input + tokens->output);
    buffer_append_text(out, ",\"prompt_tokens_details\":{");
    jsontext_add_integer(out, "cached_tokens", tokens->cached);
    buffer_append_text(out, "}}");
}

static void start(struct writer *writer, const struct translated_usage *tokens)
{
    (void)tokens;
    if (!writer->stream)
        return;
    begin(writer);
    buffer_append_text(writer->out, "\"role\":\"assistant\",\"content\":\"\"");
    end(writer, STOP_NONE);
}

static void add_call(struct writer *writer, struct buffer *out, struct part id, struct part name)
{
    if (writer->stream)
        jsontext_add_integer(out, "index", (int64_t)writer->tools);
    raw_add_inside(out, "id", id);
    buffer_append_text(out, ",\"type\":\"function\",\"function\":{");
    raw_add_inside(out, "name", name);
    buffer_append_text(out, ",\"arguments\":\"");
}

static void open_block(struct writer *writer, enum piece piece, struct part id, struct part name)
{
    if (piece != PIECE_TOOL)
        return;
    if (!writer->stream) {
        buffer_append_text(&writer->items, writer->tools > 0 ? ",{" : "{");
        add_call(writer, &writer->items, id, name);
        return;
    }
    begin(writer);
    buffer_append_text(writer->out, "\"tool_calls\":[{");
    add_call(writer, writer->out, id, name);
    buffer_append_text(writer->out, "\"}}]");
    end(writer, STOP_NONE);
}

static void delta(struct writer *writer, enum piece piece, struct part text)
{
    if (!writer->stream) {
        raw_append(piece == PIECE_TOOL       ? &writer->items
                   : piece == PIECE_THINKING ? &writer->thoughts
                                             : &writer->text,
                   text);
        return;
    }
    begin(writer);
    if (piece != PIECE_TOOL) {
        raw_add_inside(writer->out, piece == PIECE_TEXT ? "content" : "reasoning_content", text);
    } else {
        buffer_append_text(writer->out, "\"tool_calls\":[{");
        jsontext_add_integer(writer->out, "index", (int64_t)writer->tools);
        buffer_append_text(writer->out, ",\"function\":{");
        raw_add_inside(writer->out, "arguments", text);
        buffer_append_text(writer->out, "}}]");
    }
    end(writer, STOP_NONE);
}

static void close_block(struct writer *writer, enum piece piece)
{
    if (piece != PIECE_TOOL)
        return;
    if (!writer->stream)
        buffer_append_text(&writer->items, "\"}}");
    writer->tools++;
}

static void finish_whole(struct writer *writer, enum stop stop,
                         const struct translated_usage *tokens)
{
    struct buffer *out = writer->out;
    add_head(writer, "chat.completion");
    buffer_append_text(out, "{\"index\":0,\"message\":{\"role\":\"assistant\"");
    if (writer->text.length > 0)
        raw_add_inside(out, "content", (struct part){writer->text.data, writer->text.length});
    else
        buffer_append_text(out, ",\"content\":null");
    if (writer->thoughts.length > 0)
        raw_add_inside(out, "reasoning_content",
                       (struct part){writer->thoughts.data, writer->thoughts.length});
    if (writer->items.length > 0) {
        buffer_append_text(out, ",\"tool_calls\":[");
        buffer_append(out, writer->items.data, writer->items.length);
        buffer_append_char(out, ']');
    }
    buffer_append_text(out, "},\"logprobs\":null");
    jsontext_add_string(out, "finish_reason", stop_to_chat(stop));
    buffer_append_text(out, "}]");
    add_usage(out, tokens);
    buffer_append_char(out, '}');
}

static void finish(struct writer *writer, enum stop stop, const struct translated_usage *tokens)
{
    if (!writer->stream) {
        finish_whole(writer, stop, tokens);
        return;
    }
    begin(writer);
    end(writer, stop);
    if (writer->translation->wants_usage) {
        buffer_append_text(writer->out, "data: ");
        add_head(writer, "chat.completion.chunk");
        buffer_append_char(writer->out, ']');
        add_usage(writer->out, tokens);
        buffer_append_text(writer->out, "}\n\n");
    }
    buffer_append_text(writer->out, "data: [DONE]\n\n");
}

static void fail(struct writer *writer, const char *type, const char *message)
{
    if (writer->stream)
        buffer_append_text(writer->out, "data: ");
    fault_append(writer->out, FORMAT_CHAT, type, message, NULL);
    if (writer->stream)
        buffer_append_text(writer->out, "\n\n");
}

static void ping(struct writer *writer)
{
    if (writer->stream)
        buffer_append_text(writer->out, ": ping\n\n");
}

const struct writer_ops writer_chat = {start, open_block, delta, close_block, finish, fail, ping};
