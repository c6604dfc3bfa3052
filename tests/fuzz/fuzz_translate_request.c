/* A request (the first byte: between which formats) becomes one JSON object, or is refused with the
 * name of what is wrong. */
#include "fuzz.h"

#include "core/translate/translate.h"

#include <stdlib.h>
#include <string.h>

static void expect_object(const struct buffer *out)
{
    struct scan scan = {buffer_text(out), buffer_text(out) + out->length};
    struct part value;
    EXPECT(scan_peek(&scan) == '{');
    EXPECT(scan_value(&scan, &value));
    EXPECT(scan_peek(&scan) == '\0' && scan.at == scan.end);
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
                                      .model = first & 4 ? "gpt-5.4" : NULL,
                                      .session = first & 8 ? "session" : NULL};
    struct buffer out = {0};
    char *copy = fuzz_copy((const char *)input.bytes, input.left);
    bool done = translate_request(&translation, copy, input.left, &out);
    EXPECT(!out.failed);
    EXPECT(done == !*translation.fault.param);
    if (done)
        expect_object(&out);
    free(copy);
    buffer_finish(&out);
    translation_finish(&translation);
    return 0;
}
