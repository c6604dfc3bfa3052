/* Any request becomes one line for Claude Code, or is refused; any output of it (the first byte:
 * for which client) one answer that ends, the same however it is cut. */
#include "fuzz.h"

#include "core/translate/agent.h"
#include "core/translate/raw.h"

#include <stdlib.h>
#include <string.h>

static void expect_line(const struct buffer *line)
{
    struct scan scan = {buffer_text(line), buffer_text(line) + line->length};
    struct part value;
    EXPECT(scan_peek(&scan) == '{');
    EXPECT(scan_value(&scan, &value));
    EXPECT(scan.at + 1 == scan.end && *scan.at == '\n');
    EXPECT(!memchr(value.text, '\n', value.length));
}

static void check_request(enum format client, const struct input *input)
{
    struct translation translation = {.client = client};
    struct buffer line = {0};
    char model[AGENT_MODEL];
    char *copy = fuzz_copy((const char *)input->bytes, input->left);
    bool done = agent_request(&translation, copy, input->left, model, &line);
    EXPECT(!line.failed && done == !*translation.fault.param && *model != '-');
    if (done)
        expect_line(&line);
    free(copy);
    buffer_finish(&line);
    translation_finish(&translation);
}

static void run(const struct translation *translation, const struct input *input, size_t piece,
                struct buffer *out)
{
    struct agent_reply *reply = agent_reply_create(translation, "1", FUZZ_NOW);
    EXPECT(reply != NULL);
    for (size_t at = 0; at < input->left; at += piece) {
        size_t length = input->left - at < piece ? input->left - at : piece;
        char *copy = fuzz_copy((const char *)input->bytes + at, length);
        agent_reply_feed(reply, copy, length, out);
        free(copy);
    }
    agent_reply_end(reply, out);
    EXPECT(agent_reply_has_ended(reply) && !out->failed && out->length > 0);
    agent_reply_destroy(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t first = input_byte(&input);
    struct translation translation = {
        .client = first & 1 ? FORMAT_CHAT : FORMAT_MESSAGES, .stream = first & 2, .asked = "model"};
    struct buffer whole = {0}, pieces = {0};
    run(&translation, &input, input.left + 1, &whole);
    run(&translation, &input, first / 8 + 1, &pieces);
    EXPECT(whole.length == pieces.length);
    EXPECT(memcmp(buffer_text(&whole), buffer_text(&pieces), whole.length) == 0);
    check_request(translation.client, &input);
    buffer_finish(&whole);
    buffer_finish(&pieces);
    return 0;
}
