/* A stream (the first byte: its format) fed whole, byte by byte, and in pieces that the input
 * chooses: all must show the same. */
#include "fuzz.h"

#include "core/gateway/eventstream.h"

#include <stdlib.h>
#include <string.h>

#define SPLITS 16

static void feed(struct eventstream *stream, const uint8_t *bytes, size_t length)
{
    char *copy = fuzz_copy((const char *)bytes, length);
    unsigned before = stream->seen;
    unsigned shown = eventstream_feed(stream, copy, length);
    EXPECT(stream->seen == (before | shown));
    free(copy);
}

static void expect_same(const struct eventstream *a, const struct eventstream *b)
{
    EXPECT(a->seen == b->seen);
    EXPECT(a->length == b->length);
    EXPECT(a->error_at == b->error_at);
    EXPECT(a->error.length == b->error.length);
    EXPECT(strcmp(buffer_text(&a->error), buffer_text(&b->error)) == 0);
    EXPECT(strcmp(a->error_type, b->error_type) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    enum eventstream_format format = (enum eventstream_format)(input_byte(&input) % 4);
    uint8_t splits[SPLITS];
    for (size_t i = 0; i < SPLITS; i++)
        splits[i] = input_byte(&input);
    struct eventstream whole, bytewise, pieces;
    eventstream_init(&whole, format);
    eventstream_init(&bytewise, format);
    eventstream_init(&pieces, format);
    feed(&whole, input.bytes, input.left);
    for (size_t i = 0; i < input.left; i++)
        feed(&bytewise, input.bytes + i, 1);
    for (size_t at = 0, i = 0; at < input.left; i++) {
        size_t piece = (size_t)splits[i % SPLITS] + (i % SPLITS == SPLITS - 1);
        piece = piece < input.left - at ? piece : input.left - at;
        feed(&pieces, input.bytes + at, piece);
        at += piece;
    }
    expect_same(&whole, &bytewise);
    expect_same(&whole, &pieces);
    EXPECT(whole.length == input.left);
    EXPECT(whole.error_at <= whole.length);
    EXPECT(whole.error.length == 0 || (whole.seen & STREAM_ERROR));
    EXPECT(eventstream_end(&whole) == eventstream_end(&bytewise));
    expect_same(&whole, &bytewise);
    EXPECT(eventstream_end(&whole) == 0);
    eventstream_finish(&whole);
    eventstream_finish(&bytewise);
    eventstream_finish(&pieces);
    return 0;
}
