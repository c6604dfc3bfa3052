/* A stream through the mask, in pieces, against a search of the whole: the same bytes, and none of
 * them held that could not become a token. The first byte is the size of a read; then come tokens
 * with line ends between them, a NUL, and the stream. */
#include "fuzz.h"

#include "core/evidence/mask.h"

#include <stdlib.h>
#include <string.h>

static void keep_bytes(void *context, const char *bytes, size_t length)
{
    EXPECT(length > 0);
    buffer_append(context, bytes, length);
}

/* The longest token that stands here; 0 if none does. */
static size_t token_at(const struct words *tokens, const char *text, size_t length)
{
    size_t longest = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        size_t token = strlen(tokens->list[i]);
        if (token > longest && token <= length && memcmp(text, tokens->list[i], token) == 0)
            longest = token;
    }
    return longest;
}

/* How many of the last bytes are the beginning of a token, and not all of it. */
static size_t tail_of(const struct words *tokens, const char *text, size_t length)
{
    size_t longest = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        size_t token = strlen(tokens->list[i]);
        for (size_t tail = token > 0 ? token - 1 : 0; tail > longest; tail--)
            if (tail <= length && memcmp(text + length - tail, tokens->list[i], tail) == 0)
                longest = tail;
    }
    return longest;
}

/* What should have come out of these bytes but the last `held` of them. */
static void search(const struct words *tokens, const char *text, size_t length, size_t held,
                   bool ended, struct buffer *ret_text)
{
    size_t end = 0, tail = tail_of(tokens, text, length);
    buffer_clear(ret_text);
    for (size_t i = 0; i + held < length; i++) {
        size_t token = token_at(tokens, text + i, length - i);
        if (ended && tail >= MASK_TELLING && i == length - tail)
            token = tail;
        if (token > 0 && i >= end)
            buffer_append_text(ret_text, MASK_TEXT);
        if (token > 0 && i + token > end)
            end = i + token;
        if (i >= end)
            buffer_append_char(ret_text, text[i]);
    }
}

static void expect_equal(const struct buffer *a, const struct buffer *b)
{
    EXPECT(!a->failed && !b->failed && a->length == b->length);
    EXPECT(a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static void check(const struct words *tokens, const char *text, size_t length, size_t read)
{
    struct mask_set *set = mask_set_create((const char *const *)tokens->list, tokens->count);
    struct buffer passed = {0}, expected = {0};
    struct mask mask;
    EXPECT(set && mask_init(&mask, set, keep_bytes, &passed) == 0);
    for (size_t done = 0; done < length;) {
        size_t left = length - done, now = read < left ? read : left;
        char *copy = fuzz_copy(text + done, now);
        mask_feed(&mask, copy, now);
        free(copy);
        done += now;
        search(tokens, text, done, tail_of(tokens, text, done), false, &expected);
        expect_equal(&passed, &expected);
    }
    mask_end(&mask);
    search(tokens, text, length, 0, true, &expected);
    expect_equal(&passed, &expected);
    mask_finish(&mask);
    mask_set_destroy(set);
    buffer_finish(&passed);
    buffer_finish(&expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    size_t read = input_byte(&input);
    const uint8_t *end = input.left ? memchr(input.bytes, 0, input.left) : NULL;
    struct input first = {input.bytes, end ? (size_t)(end - input.bytes) : input.left};
    struct words tokens = input_words(&first, '\n');
    const char *text = end ? (const char *)end + 1 : "";
    size_t length = end ? input.left - (size_t)(text - (const char *)input.bytes) : 0;
    /* What is compared grows with the square. */
    if (length <= 512 && input.left - length <= 256) {
        check(&tokens, text, length, length + 1);
        check(&tokens, text, length, read + 1);
        check(&tokens, text, length, 1);
    }
    words_finish(&tokens);
    return 0;
}
