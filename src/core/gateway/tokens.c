#include "core/gateway/tokens.h"

#include "base/scan.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The model stands at the beginning of an answer, or of its first event, after at most the
 * instructions, which OpenAI's repeats. */
#define MODEL_WITHIN ((uint64_t)256 << 10)

enum { NOTHING, USAGE, MODEL };

/* With their quotes: in a text inside the JSON a backslash stands before each. */
static const struct {
    int wanted;
    const char *name;
} names[] = {{USAGE, "\"usage\""}, {MODEL, "\"model\""}};

#define NAME_LENGTH 7 /* of each */

void tokens_begin(struct tokens_reader *reader)
{
    *reader = (struct tokens_reader){0};
}

void tokens_finish(struct tokens_reader *reader)
{
    free(reader->taken);
    reader->taken = NULL;
    reader->wanted = NOTHING;
    reader->length = 0;
}

/* ---- what a usage object says ---- */

static bool read_count(const struct part *value, int64_t *ret_count)
{
    int64_t number;
    if (!part_integer(value, &number) || number < 0)
        return false;
    *ret_count = number < TOKENS_MOST ? number : TOKENS_MOST;
    return true;
}

static void read_parts(struct scan scan, struct tokens *tokens, bool *ret_within)
{
    size_t count = 0;
    struct part name, value;
    int64_t number;
    if (!scan_enter(&scan, '{'))
        return;
    while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value)) {
        if (!read_count(&value, &number))
            continue;
        if (part_is(&name, "ephemeral_1h_input_tokens"))
            tokens->cache_write_hour = number;
        if (part_is(&name, "cached_tokens")) {
            tokens->cache_read = number;
            *ret_within = true;
        }
    }
}

static int64_t *counter_of(struct tokens *tokens, const struct part *name)
{
    const struct {
        const char *name;
        int64_t *counter;
    } counters[] = {
        {"input_tokens", &tokens->input},
        {"prompt_tokens", &tokens->input},
        {"output_tokens", &tokens->output},
        {"completion_tokens", &tokens->output},
        {"cache_read_input_tokens", &tokens->cache_read},
        {"cache_creation_input_tokens", &tokens->cache_write},
    };
    for (size_t i = 0; i < COUNT(counters); i++)
        if (part_is(name, counters[i].name))
            return counters[i].counter;
    return NULL;
}

static bool holds_parts(const struct part *name)
{
    return part_is(name, "cache_creation") || part_is(name, "prompt_tokens_details") ||
           part_is(name, "input_tokens_details");
}

/* The last one counts: a stream tells the input first, and the output at its end. One without a
 * known number (a tool's schema) is ignored. */
static void read_usage(struct tokens_reader *reader)
{
    struct scan scan = {reader->taken, reader->taken + reader->length};
    struct tokens tokens = reader->tokens;
    struct part name, value;
    size_t count = 0;
    bool told = false, within = false, has_input = false;
    if (!scan_enter(&scan, '{'))
        return;
    enum scan_step step;
    while ((step = scan_member(&scan, &count, &name)) == SCAN_NEXT) {
        struct scan inner = scan;
        int64_t number, *counter = counter_of(&tokens, &name);
        if (!scan_value(&scan, &value))
            return;
        if (holds_parts(&name))
            read_parts(inner, &tokens, &within);
        if (!counter || !read_count(&value, &number))
            continue;
        *counter = number;
        told = true;
        has_input |= counter == &tokens.input;
    }
    if (step != SCAN_END || !told)
        return;
    /* OpenAI counts what came from its cache among the input, Anthropic beside it. */
    if (within && has_input)
        tokens.input -= tokens.cache_read < tokens.input ? tokens.cache_read : tokens.input;
    if (tokens.cache_write_hour > tokens.cache_write)
        tokens.cache_write_hour = tokens.cache_write;
    tokens.told = true;
    reader->tokens = tokens;
}

/* ---- where they stand ---- */

static void end_capture(struct tokens_reader *reader, bool whole)
{
    if (whole && reader->wanted == USAGE)
        read_usage(reader);
    if (whole && reader->wanted == MODEL && !*reader->tokens.model) {
        struct part part = {reader->taken, reader->length};
        part_text(&part, reader->tokens.model, TOKENS_MODEL);
    }
    tokens_finish(reader);
}

/* What opens a value, and what may stand before it. True if the byte belongs to it. */
static bool begin_value(struct tokens_reader *reader, char c)
{
    if (c == (reader->wanted == USAGE ? '{' : '"'))
        return true;
    if (!strchr(": \t\r\n", c) || c == '\0')
        end_capture(reader, false);
    return false;
}

/* True if the value ends with this byte. */
static bool ends_value(struct tokens_reader *reader, char c)
{
    if (reader->in_string) {
        bool closes = c == '"' && !reader->escaped;
        reader->escaped = c == '\\' && !reader->escaped;
        reader->in_string = !closes;
    } else if (c == '"') {
        reader->in_string = true;
        reader->escaped = false;
    } else {
        reader->depth += (c == '{') - (c == '}');
    }
    return !reader->in_string && reader->depth == 0;
}

/* Gives how many bytes were taken. */
static size_t capture(struct tokens_reader *reader, const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && reader->wanted != NOTHING) {
        char c = bytes[i++];
        if (reader->length == 0 && !begin_value(reader, c))
            continue;
        if (reader->length == TOKENS_OBJECT) {
            end_capture(reader, false);
            break;
        }
        reader->taken[reader->length++] = c;
        if (ends_value(reader, c))
            end_capture(reader, true);
    }
    return i;
}

/* The first of the names; NULL if none stands there whole. Two may share a quote. */
static const char *find_name(const struct tokens_reader *reader, const char *bytes, size_t length,
                             int *ret_wanted)
{
    const char *first = NULL;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (names[i].wanted == MODEL && (*reader->tokens.model || reader->passed > MODEL_WITHIN))
            continue;
        size_t within = first ? (size_t)(first - bytes) + NAME_LENGTH - 1 : length;
        const char *found = memmem(bytes, within, names[i].name, NAME_LENGTH);
        if (found) {
            first = found;
            *ret_wanted = names[i].wanted;
        }
    }
    return first;
}

static void begin_capture(struct tokens_reader *reader, int wanted)
{
    reader->taken = malloc(TOKENS_OBJECT);
    reader->wanted = reader->taken ? wanted : NOTHING;
    reader->length = reader->before_length = 0;
    reader->depth = 0;
    reader->in_string = false;
}

static void remember(struct tokens_reader *reader, const char *bytes, size_t length)
{
    char both[2 * sizeof reader->before];
    size_t kept = NAME_LENGTH - 1, taken = length < kept ? length : kept;
    memcpy(both, reader->before, reader->before_length);
    memcpy(both + reader->before_length, bytes + length - taken, taken);
    size_t all = reader->before_length + taken, skipped = all > kept ? all - kept : 0;
    reader->before_length = all - skipped;
    memcpy(reader->before, both + skipped, reader->before_length);
}

/* A name that began in earlier bytes. Gives how many bytes of these it takes; 0 if there is none.
 */
static size_t find_across(struct tokens_reader *reader, const char *bytes, size_t length)
{
    char both[2 * sizeof reader->before];
    size_t before = reader->before_length, more = NAME_LENGTH - 1;
    int wanted;
    if (before == 0)
        return 0;
    if (more > length)
        more = length;
    memcpy(both, reader->before, before);
    memcpy(both + before, bytes, more);
    const char *found = find_name(reader, both, before + more, &wanted);
    if (!found)
        return 0;
    begin_capture(reader, wanted);
    return (size_t)(found - both) + NAME_LENGTH - before;
}

void tokens_feed(struct tokens_reader *reader, const char *bytes, size_t length)
{
    reader->passed += length;
    while (length > 0) {
        size_t taken = reader->wanted != NOTHING ? capture(reader, bytes, length)
                                                 : find_across(reader, bytes, length);
        if (taken == 0) {
            int wanted;
            const char *found = find_name(reader, bytes, length, &wanted);
            if (!found) {
                remember(reader, bytes, length);
                return;
            }
            begin_capture(reader, wanted);
            taken = (size_t)(found - bytes) + NAME_LENGTH;
        }
        bytes += taken;
        length -= taken;
    }
}
