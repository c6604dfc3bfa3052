#include "core/translate/splice.h"

#include "base/jsontext.h"
#include "core/translate/raw.h"

#include <string.h>

bool splice_model(const char *body, size_t length, const char *model, struct buffer *ret_body)
{
    struct part value = raw_member((struct part){body, length}, "model");
    if (!raw_is(value, '"'))
        return false;
    size_t before = (size_t)(value.text - body);
    buffer_append(ret_body, body, before);
    jsontext_string(ret_body, model);
    buffer_append(ret_body, value.text + value.length, length - before - value.length);
    return !ret_body->failed;
}

static bool is_thinking(struct part block)
{
    struct part type = raw_member(block, "type");
    return raw_equals(type, "thinking") || raw_equals(type, "redacted_thinking");
}

/* The blocks of a message's content; one that held thinking alone says so. */
static size_t append_blocks(struct part content, struct buffer *out)
{
    struct raw_items items = raw_items(content);
    struct part block;
    size_t kept = 0, dropped = 0;
    buffer_append_char(out, '[');
    while (raw_next(&items, &block)) {
        if (is_thinking(block)) {
            dropped++;
            continue;
        }
        if (kept++ > 0)
            buffer_append_char(out, ',');
        raw_append(out, block);
    }
    if (kept == 0)
        buffer_append_text(out, "{\"type\":\"text\",\"text\":\"(thinking)\"}");
    buffer_append_char(out, ']');
    return dropped;
}

/* Every message as it stands, but for a content that holds thinking. */
static size_t append_messages(struct part messages, struct buffer *out)
{
    struct raw_items items = raw_items(messages);
    struct part message;
    const char *from = messages.text;
    size_t all = 0;
    while (raw_next(&items, &message)) {
        struct part content = raw_member(message, "content");
        struct buffer blocks = {0};
        size_t dropped = raw_is(content, '[') ? append_blocks(content, &blocks) : 0;
        if (dropped > 0) {
            buffer_append(out, from, (size_t)(content.text - from));
            buffer_append(out, buffer_text(&blocks), blocks.length);
            from = content.text + content.length;
        }
        all += dropped;
        out->failed |= blocks.failed;
        buffer_finish(&blocks);
    }
    buffer_append(out, from, (size_t)(messages.text + messages.length - from));
    return all;
}

bool splice_without_thinking(const char *body, size_t length, struct buffer *ret_body)
{
    struct scan scan = {body, body + length};
    struct part name, value;
    size_t count = 0, dropped = 0;
    if (!scan_enter(&scan, '{'))
        return false;
    buffer_append_char(ret_body, '{');
    while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value)) {
        if (part_is(&name, "thinking") || part_is(&name, "context_management")) {
            dropped++;
            continue;
        }
        jsontext_comma(ret_body);
        buffer_append_char(ret_body, '"');
        raw_append(ret_body, name);
        buffer_append_text(ret_body, "\":");
        if (part_is(&name, "messages"))
            dropped += append_messages(value, ret_body);
        else
            raw_append(ret_body, value);
    }
    buffer_append_char(ret_body, '}');
    return dropped > 0 && !ret_body->failed;
}
