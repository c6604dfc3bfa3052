/* Reads from an answer's bytes, as they pass and split anywhere, how many tokens it took and which
 * model gave it: "usage" and "model" as Anthropic's API and OpenAI's tell them, in a stream or
 * whole. Nothing is held back, no text of the answer is kept, and memory is taken only while one of
 * the two is read: a thousand streams have a reader each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKENS_MODEL  128
#define TOKENS_OBJECT 2048
#define TOKENS_MOST   INT64_C(1000000000000) /* a larger count is taken as this one */

struct tokens {
    bool told; /* the answer said how many */
    int64_t input, output, cache_read, cache_write;
    int64_t cache_write_hour; /* of cache_write: what is kept for an hour, and costs more */
    char model[TOKENS_MODEL]; /* "" if none was named */
};

struct tokens_reader {
    struct tokens tokens;

    /* Its own: */
    int wanted;  /* what is being captured */
    char *taken; /* room for TOKENS_OBJECT; NULL: nothing is */
    size_t length;
    int depth;
    bool in_string, escaped;
    char before[8]; /* the last bytes, in which a name may begin */
    size_t before_length;
    uint64_t passed;
};

/* tokens_finish may be called at any time, and more than once; what was read stays. Without memory
 * the value at hand is passed over. */
void tokens_begin(struct tokens_reader *reader);
void tokens_finish(struct tokens_reader *reader);
void tokens_feed(struct tokens_reader *reader, const char *bytes, size_t length);
