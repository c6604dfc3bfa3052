/* Any answer (the first byte: between which formats, and whether it streams) becomes a legal one or
 * one that ends in one error, and the same however it is cut. */
#include "fuzz.h"

#include "core/translate/fault.h"
#include "core/translate/reply.h"
#include "core/translate/sse.h"

#include <stdlib.h>
#include <string.h>

static void expect_value(const char *data, size_t length)
{
    struct scan scan = {data, data + length};
    struct part value;
    EXPECT(scan_value(&scan, &value));
    EXPECT(scan_peek(&scan) == '\0' && scan.at == scan.end);
}

struct grammar {
    enum format client;
    bool started, open, ended;
    int64_t blocks, sequence;
};

static void expect_message_event(struct grammar *grammar, struct part data)
{
    struct part type = raw_member(data, "type"), index = raw_member(data, "index");
    if (raw_equals(type, "message_start")) {
        EXPECT(!grammar->started);
        grammar->started = true;
    } else if (raw_equals(type, "error")) {
        grammar->ended = true;
    } else if (raw_equals(type, "content_block_start")) {
        EXPECT(grammar->started && !grammar->open && raw_count(index) == grammar->blocks);
        grammar->open = true;
    } else if (raw_equals(type, "content_block_delta")) {
        EXPECT(grammar->open && raw_count(index) == grammar->blocks);
    } else if (raw_equals(type, "content_block_stop")) {
        EXPECT(grammar->open && raw_count(index) == grammar->blocks);
        grammar->open = false;
        grammar->blocks++;
    } else if (raw_equals(type, "message_stop")) {
        EXPECT(grammar->started && !grammar->open);
        grammar->ended = true;
    } else {
        EXPECT(grammar->started &&
               (raw_equals(type, "ping") || (raw_equals(type, "message_delta") && !grammar->open)));
    }
}

static void take_event(void *context, const char *name, const char *data, size_t length)
{
    struct grammar *grammar = context;
    struct part part = {data, length};
    (void)name;
    EXPECT(!grammar->ended);
    if (grammar->client == FORMAT_CHAT && length == 6 && memcmp(data, "[DONE]", 6) == 0) {
        grammar->ended = true;
        return;
    }
    expect_value(data, length);
    struct part type = raw_member(part, "type");
    if (grammar->client == FORMAT_MESSAGES) {
        expect_message_event(grammar, part);
    } else if (grammar->client == FORMAT_RESPONSES) {
        EXPECT(raw_count(raw_member(part, "sequence_number")) == grammar->sequence++);
        grammar->ended = raw_equals(type, "error") || raw_equals(type, "response.completed") ||
                         raw_equals(type, "response.incomplete");
    } else {
        grammar->ended = raw_member(part, "error").length > 0;
    }
}

static void check_stream(enum format client, const struct buffer *out)
{
    struct grammar grammar = {.client = client};
    struct sse sse = {.event = take_event, .context = &grammar};
    EXPECT(sse_feed(&sse, buffer_text(out), out->length));
    EXPECT(sse_end(&sse));
    EXPECT(grammar.ended);
    sse_finish(&sse);
}

static void run(const struct translation *translation, bool stream, const struct input *input,
                size_t piece, struct buffer *out)
{
    struct reply *reply = reply_create(translation, "1", FUZZ_NOW, stream);
    EXPECT(reply != NULL);
    for (size_t at = 0; at < input->left; at += piece) {
        size_t length = input->left - at < piece ? input->left - at : piece;
        char *copy = fuzz_copy((const char *)input->bytes + at, length);
        reply_feed(reply, copy, length, out);
        free(copy);
    }
    reply_end(reply, out);
    EXPECT(reply_has_ended(reply) && !out->failed);
    reply_destroy(reply);
}

static void check_fault(const struct translation *translation, int status,
                        const struct input *input)
{
    struct buffer out = {0};
    char *copy = fuzz_copy((const char *)input->bytes, input->left);
    int told = fault_translate(translation, status, copy, input->left, &out);
    EXPECT(told >= 400 && told < 600 && !out.failed);
    expect_value(buffer_text(&out), out.length);
    free(copy);
    buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum format pairs[][2] = {{FORMAT_MESSAGES, FORMAT_CHAT},
                                           {FORMAT_MESSAGES, FORMAT_RESPONSES},
                                           {FORMAT_CHAT, FORMAT_MESSAGES},
                                           {FORMAT_RESPONSES, FORMAT_MESSAGES}};
    struct input input = {data, size};
    uint8_t first = input_byte(&input);
    struct translation translation = {.client = pairs[first % 4][0],
                                      .provider = pairs[first % 4][1],
                                      .asked = "model",
                                      .wants_usage = true};
    bool stream = !(first & 4);
    struct buffer whole = {0}, pieces = {0};
    run(&translation, stream, &input, input.left + 1, &whole);
    run(&translation, stream, &input, first / 8 + 1, &pieces);
    EXPECT(whole.length == pieces.length);
    EXPECT(memcmp(buffer_text(&whole), buffer_text(&pieces), whole.length) == 0);
    if (stream)
        check_stream(translation.client, &whole);
    else
        expect_value(buffer_text(&whole), whole.length);
    check_fault(&translation, 400 + first, &input);
    buffer_finish(&whole);
    buffer_finish(&pieces);
    return 0;
}
