#include "fuzz.h"

#include "base/json.h"
#include "core/pool/kind.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WEST_SECONDS (5 * 3600)
/* More characters than a message of ours ever shows of a token. */
#define TOKEN_SHOWN_MOST 20

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    json_init();
    return sodium_init() < 0 ? 1 : 0;
}

void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: expected %s\n", file, line, condition);
    abort();
}

static int zone_offset(const char *zone, int64_t *ret_offset)
{
    bool west = zone && strcmp(zone, "America/New_York") == 0;
    if (zone && *zone && !west && strcmp(zone, "UTC") != 0)
        return -EINVAL;
    *ret_offset = west ? -WEST_SECONDS : 0;
    return 0;
}

static int to_civil(const char *zone, int64_t epoch, struct tm *ret_civil)
{
    int64_t offset;
    int r = zone_offset(zone, &offset);
    if (r < 0)
        return r;
    time_t time = epoch + offset;
    return gmtime_r(&time, ret_civil) ? 0 : -EOVERFLOW;
}

static int to_epoch(const char *zone, const struct tm *civil, int64_t *ret_epoch)
{
    int64_t offset;
    struct tm copy = *civil;
    int r = zone_offset(zone, &offset);
    if (r < 0)
        return r;
    *ret_epoch = timegm(&copy) - offset;
    return 0;
}

const struct zone_ops fuzz_zones = {to_civil, to_epoch};

uint8_t input_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->bytes++;
}

uint64_t input_number(struct input *input, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number |= (uint64_t)input_byte(input) << (8 * i);
    return number;
}

static void *must(void *pointer)
{
    EXPECT(pointer != NULL);
    return pointer;
}

char *fuzz_copy(const char *bytes, size_t length)
{
    char *copy = must(malloc(length > 0 ? length : 1));
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *input_text(struct input *input)
{
    return must(strndup((const char *)input->bytes, input->left));
}

static size_t part_length(const struct input *input, char separator)
{
    const uint8_t *end = input->left ? memchr(input->bytes, separator, input->left) : NULL;
    return end ? (size_t)(end - input->bytes) : input->left;
}

struct words input_words(struct input *input, char separator)
{
    struct words words = {must(calloc(input->left + 2, sizeof(char *))), 0};
    do {
        size_t length = part_length(input, separator);
        words.list[words.count++] = must(strndup((const char *)input->bytes, length));
        size_t used = length < input->left ? length + 1 : length;
        input->bytes += used;
        input->left -= used;
    } while (input->left > 0);
    /* Exactly as long as it has to be: what reads on meets the sanitizer. */
    words.list = must(realloc(words.list, (words.count + 1) * sizeof(char *)));
    return words;
}

void words_finish(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct words){0};
}

bool fuzz_shows_token(const char *text)
{
    struct kind kind;
    for (; *text; text++) {
        size_t length = 0;
        if (!kind_from_token(text, &kind))
            continue;
        while (isalnum((unsigned char)text[length]) || (text[length] && strchr("-_", text[length])))
            length++;
        if (length > TOKEN_SHOWN_MOST)
            return true;
    }
    return false;
}

void fuzz_check_report(const struct buffer *lines)
{
    const char *text = buffer_text(lines);
    EXPECT(!lines->failed);
    EXPECT(lines->length == 0 || text[lines->length - 1] == '\n');
    EXPECT(strlen(text) == lines->length);
    EXPECT(!fuzz_shows_token(text));
}
