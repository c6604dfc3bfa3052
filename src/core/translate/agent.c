#include "core/translate/agent.h"

#include "base/cursor.h"
#include "base/jsontext.h"
#include "core/translate/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMELESS "claude" /* the answer's model where the request names none */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the request ---- */

/* The text of a content, which may be of several blocks, as the inside of a string. */
static void append_text(struct translation *translation, struct part content, struct buffer *out)
{
    struct raw_items items = raw_items(content);
    struct part block;
    size_t count = 0;
    raw_append(out, raw_inside(content));
    while (raw_next(&items, &block)) {
        if (!raw_equals(raw_member(block, "type"), "text")) {
            translation_note(translation, "messages", raw_inside(raw_member(block, "type")));
            continue;
        }
        if (count++ > 0)
            buffer_append_text(out, "\\n");
        raw_append(out, raw_inside(raw_member(block, "text")));
    }
}

/* What it is told beside the last thing that was said. */
static void append_before(struct translation *translation, struct part system, struct part messages,
                          size_t count, struct buffer *out)
{
    struct raw_items items = raw_items(messages);
    struct part message;
    if (system.length > 0) {
        append_text(translation, system, out);
        buffer_append_text(out, "\\n\\n");
    }
    if (count > 1)
        buffer_append_text(out, "The conversation so far:\\n\\n");
    for (size_t i = 0; i + 1 < count && raw_next(&items, &message); i++) {
        bool user = raw_equals(raw_member(message, "role"), "user");
        buffer_append_text(out, user ? "User: " : "Assistant: ");
        append_text(translation, raw_member(message, "content"), out);
        buffer_append_text(out, "\\n\\n");
    }
    if (count > 1)
        buffer_append_text(out, "User: ");
}

/* In the last block of its input Claude Code takes "/config …" for a command and "@file" for the
 * file's text, which it adds whatever tools are allowed. In the blocks before it takes nothing for
 * more than text. */
#define LAST_BLOCK "{\"type\":\"text\",\"text\":\"(This is the end of the message.)\"}"

/* Text and pictures as they are; results of tools have no calls here. */
static void append_last(struct translation *translation, struct part content, struct buffer *out)
{
    static const char *const taken[] = {"text", "image", "document"};
    struct raw_items items = raw_items(content);
    struct part block;
    if (raw_is(content, '"')) {
        jsontext_comma(out);
        buffer_append_text(out, "{\"type\":\"text\"");
        raw_add(out, "text", content);
        buffer_append_char(out, '}');
    }
    while (raw_next(&items, &block)) {
        struct part type = raw_member(block, "type");
        bool takes = false;
        for (size_t i = 0; i < COUNT(taken); i++)
            takes |= raw_equals(type, taken[i]);
        if (!takes) {
            translation_note(translation, "messages", raw_inside(type));
            continue;
        }
        jsontext_comma(out);
        raw_compact(out, block);
    }
}

static size_t count_messages(struct part messages, struct part *ret_last)
{
    struct raw_items items = raw_items(messages);
    size_t count = 0;
    while (raw_next(&items, ret_last))
        count++;
    return count;
}

static void append_line(struct translation *translation, struct part body, struct buffer *out)
{
    struct part messages = raw_member(body, "messages"), last = {"", 0};
    struct part tools = raw_member(body, "tools");
    struct buffer before = {0};
    size_t count = count_messages(messages, &last);
    if (tools.length > 2)
        translation_refuse(translation, "tools", "Claude Code has its own; leave them out");
    if (count == 0 || !raw_equals(raw_member(last, "role"), "user"))
        translation_refuse(translation, "messages", "expected the last to be the user's");
    append_before(translation, raw_member(body, "system"), messages, count, &before);
    buffer_append_text(out, "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[");
    if (before.length > 0) {
        buffer_append_text(out, "{\"type\":\"text\"");
        raw_add_inside(out, "text", (struct part){before.data, before.length});
        buffer_append_char(out, '}');
    }
    append_last(translation, raw_member(last, "content"), out);
    jsontext_comma(out);
    buffer_append_text(out, LAST_BLOCK "]}}\n");
    out->failed |= before.failed;
    buffer_finish(&before);
}

static void keep_model(const struct translation *translation, char ret_model[AGENT_MODEL])
{
    const char *asked = translation->asked;
    bool plain = *asked && *asked != '-';
    for (const char *p = asked; *p; p++)
        plain &= char_is_alnum(*p) || char_is_among(*p, "-._:@[]/");
    snprintf(ret_model, AGENT_MODEL, "%s", plain ? asked : "");
}

static bool request_of_messages(struct translation *translation, struct part body,
                                struct buffer *out)
{
    translation_keep_asked(translation, raw_inside(raw_member(body, "model")));
    translation->stream = raw_is(raw_member(body, "stream"), 't');
    translation->length = body.length;
    if (!raw_members(body, (const char *const[]){NULL}, NULL, NULL, NULL))
        translation_refuse(translation, "body", "expected one JSON object");
    append_line(translation, body, out);
    return !*translation->fault.param && !out->failed;
}

bool agent_request(struct translation *translation, const char *body, size_t length,
                   char ret_model[AGENT_MODEL], struct buffer *ret_line)
{
    struct buffer messages = {0};
    bool done;
    if (translation->client == FORMAT_MESSAGES) {
        done = request_of_messages(translation, (struct part){body, length}, ret_line);
    } else {
        translation->provider = FORMAT_MESSAGES;
        done = translate_request(translation, body, length, &messages);
        if (done)
            append_line(translation, (struct part){buffer_text(&messages), messages.length},
                        ret_line);
        done = done && !*translation->fault.param && !ret_line->failed;
        ret_line->failed |= messages.failed;
    }
    buffer_finish(&messages);
    keep_model(translation, ret_model);
    if (!*translation->asked)
        snprintf(translation->asked, sizeof translation->asked, "%s", NAMELESS);
    return done;
}

/* ---- the answer ---- */

struct agent_reply {
    struct turn turn;
    struct buffer line;
    bool stream, has_text;
    bool is_apart; /* another message of the model's begins: a blank line before its text */
};

struct agent_reply *agent_reply_create(const struct translation *translation, const char *id,
                                       int64_t created)
{
    struct agent_reply *reply = calloc(1, sizeof *reply);
    if (!reply)
        return NULL;
    reply->stream = translation->stream;
    writer_init(&reply->turn.writer, translation, id, created, reply->stream);
    return reply;
}

void agent_reply_destroy(struct agent_reply *reply)
{
    if (!reply)
        return;
    turn_finish(&reply->turn);
    buffer_finish(&reply->line);
    free(reply);
}

static void add_text(struct agent_reply *reply, struct part inside)
{
    if (inside.length == 0)
        return;
    turn_begin(&reply->turn);
    if (reply->is_apart && reply->has_text)
        turn_text(&reply->turn, PIECE_TEXT, RAW("\\n\\n"));
    reply->is_apart = false;
    reply->has_text = true;
    turn_text(&reply->turn, PIECE_TEXT, inside);
}

/* Of sub-agents nothing is told but what they gave the main one. */
static void read_event(struct agent_reply *reply, struct part line)
{
    struct part event = raw_member(line, "event"), type = raw_member(event, "type");
    struct part delta = raw_member(event, "delta");
    if (!reply->stream || raw_has_text(raw_member(line, "parent_tool_use_id")))
        return;
    if (raw_equals(type, "message_start"))
        reply->is_apart = true;
    else if (raw_equals(type, "content_block_delta") &&
             raw_equals(raw_member(delta, "type"), "text_delta"))
        add_text(reply, raw_inside(raw_member(delta, "text")));
}

static void read_result(struct agent_reply *reply, struct part line)
{
    struct turn *turn = &reply->turn;
    struct part usage = raw_member(line, "usage"), result = raw_member(line, "result");
    turn->tokens = (struct translated_usage){
        .input = raw_count(raw_member(usage, "input_tokens")),
        .cached = raw_count(raw_member(usage, "cache_read_input_tokens")),
        .written = raw_count(raw_member(usage, "cache_creation_input_tokens")),
        .output = raw_count(raw_member(usage, "output_tokens")),
    };
    if (raw_is(raw_member(line, "is_error"), 't')) {
        bool limited = raw_count(raw_member(line, "api_error_status")) == 429;
        char text[TRANSLATION_TEXT];
        struct part why = raw_has_text(result) ? result : raw_member(line, "subtype");
        part_text(&why, text, sizeof text);
        turn_fail(turn, limited ? "rate_limit_error" : "api_error", text);
        return;
    }
    if (!reply->has_text)
        add_text(reply, raw_inside(result));
    turn->stop = STOP_END;
    turn_end(turn);
}

static void read_line(struct agent_reply *reply, struct part line)
{
    struct part type = raw_member(line, "type");
    if (raw_equals(type, "stream_event"))
        read_event(reply, line);
    else if (raw_equals(type, "result") && !reply->turn.has_ended)
        read_result(reply, line);
}

void agent_reply_feed(struct agent_reply *reply, const char *bytes, size_t length,
                      struct buffer *out)
{
    reply->turn.writer.out = out;
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t taken = end ? (size_t)(end - bytes) + 1 : length;
        buffer_append(&reply->line, bytes, taken);
        out->failed |= reply->line.failed;
        if (end && !reply->line.failed)
            read_line(reply, (struct part){reply->line.data, reply->line.length - 1});
        if (end)
            buffer_clear(&reply->line);
        bytes += taken;
        length -= taken;
    }
}

void agent_reply_end(struct agent_reply *reply, struct buffer *out)
{
    reply->turn.writer.out = out;
    if (!reply->turn.has_ended)
        turn_fail(&reply->turn, "api_error", "Claude Code ended without a result");
}

bool agent_reply_has_ended(const struct agent_reply *reply)
{
    return reply->turn.has_ended;
}

const char *agent_reply_fault(const struct agent_reply *reply, const char **ret_sentence)
{
    *ret_sentence = reply->turn.fault_text;
    return reply->turn.has_failed ? reply->turn.fault_type : NULL;
}
