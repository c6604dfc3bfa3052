#include "fuzz.h"

#include "core/evidence/transcript.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct transcript *transcript)
{
    const struct finding *last = &transcript->last;
    EXPECT(transcript->any_row);
    EXPECT(last->class < CLASS_COUNT);
    EXPECT(last->class == CLASS_NONE || transcript->last_was_error);
    EXPECT((last->class != CLASS_NONE) == (last->source == SOURCE_TRANSCRIPT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct transcript transcript = {.time = {FUZZ_NOW, &fuzz_zones}};
    for (size_t begin = 0; begin <= size;) {
        const uint8_t *end = begin < size ? memchr(data + begin, '\n', size - begin) : NULL;
        size_t length = (end ? (size_t)(end - data) : size) - begin;
        char *row = fuzz_copy((const char *)data + begin, length);
        transcript_read_row(&transcript, row, length);
        free(row);
        check(&transcript);
        begin += length + 1;
    }
    return 0;
}
