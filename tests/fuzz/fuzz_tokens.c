/* What an answer took is read the same however its bytes are cut (the first byte: in pieces of how
 * many), from any bytes; the numbers are ones, and nothing is kept but them. */
#include "fuzz.h"

#include "core/gateway/tokens.h"

#include <stdlib.h>
#include <string.h>

static struct tokens read_in_pieces(const struct input *input, size_t piece)
{
    struct tokens_reader reader;
    tokens_begin(&reader);
    for (size_t at = 0; at < input->left; at += piece) {
        size_t length = input->left - at < piece ? input->left - at : piece;
        char *copy = fuzz_copy((const char *)input->bytes + at, length);
        tokens_feed(&reader, copy, length);
        free(copy);
    }
    tokens_finish(&reader);
    EXPECT(!reader.taken);
    return reader.tokens;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t piece = (size_t)input_byte(&input) % 40 + 1;
    struct tokens whole = read_in_pieces(&input, input.left + 1);
    struct tokens pieces = read_in_pieces(&input, piece);
    EXPECT(memchr(whole.model, '\0', sizeof whole.model));
    EXPECT(strcmp(whole.model, pieces.model) == 0 && whole.told == pieces.told);
    EXPECT(whole.input == pieces.input && whole.output == pieces.output);
    EXPECT(whole.cache_read == pieces.cache_read && whole.cache_write == pieces.cache_write);
    EXPECT(whole.cache_write_hour == pieces.cache_write_hour);
    EXPECT(whole.input >= 0 && whole.output >= 0 && whole.cache_read >= 0);
    EXPECT(whole.cache_write_hour >= 0 && whole.cache_write_hour <= whole.cache_write);
    return 0;
}
