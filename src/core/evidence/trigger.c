#include "core/evidence/trigger.h"

#include "base/cursor.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In small letters. Each is looked for by STRIDE + 1 of its bytes, those that are rarest in text.
 */
static const struct {
    const char *text;
    size_t part; /* where they begin */
} words[] = {
    {"rate_limit", 3}, {"limit", 0},         {"usage", 0},     {"credit", 0},
    {"budget", 0},     {"error", 0},         {"exception", 1}, {"traceback", 2},
    {"oauth", 0},      {"invalid ", 1},      {"logged in", 1}, {"failed to auth", 0},
    {"/login", 0},     {"organi", 1},        {"disabled", 2},  {"have access", 5},
    {"\"result\"", 0}, {"\"assistant\"", 0}, {"\"init\"", 0},
};

#define STRIDE 4
#define PLACES 8
#define BLOCK  (PLACES * STRIDE)

/* The offsets whose pair is checked by the two bytes after it; the others are checked by those
 * before. */
#define FRONT 0x3u
#define BACK  0xcu

static unsigned pair_at(const char *bytes)
{
    uint16_t pair;
    memcpy(&pair, bytes, sizeof pair);
    return pair & 0x7f7fu;
}

/* Both cases of a letter are one. */
static unsigned neighbours_at(const char *bytes)
{
    return ((unsigned char)bytes[0] & 31u) << 5 | ((unsigned char)bytes[1] & 31u);
}

/* Letters of both cases have one hash. */
static unsigned beginning_at(const char *bytes)
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    return ((four | 0x20202020u) * 2654435761u) >> 22;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void add_pair(struct trigger *trigger, char first, char second, size_t offset)
{
    const char bytes[2] = {first, second};
    trigger->pairs[pair_at(bytes)] |= (unsigned char)(1u << offset);
}

static void make_tables(struct trigger *trigger)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        const char *part = words[i].text + words[i].part;
        unsigned hash = beginning_at(part);
        trigger->beginnings[hash / 64] |= UINT64_C(1) << hash % 64;
        for (size_t at = 0; at < STRIDE; at++) {
            char first = part[at], second = part[at + 1];
            add_pair(trigger, first, second, at);
            add_pair(trigger, upper(first), second, at);
            add_pair(trigger, first, upper(second), at);
            add_pair(trigger, upper(first), upper(second), at);
            size_t beside = FRONT & 1u << at ? at + 2 : at - 2;
            trigger->neighbours[neighbours_at(part + beside)] |= (unsigned char)(1u << at);
        }
    }
    trigger->ready = true;
}

static bool is_word(const char *word, const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && word[at] && char_lower(bytes[at]) == word[at])
        at++;
    return word[at] == '\0';
}

/* Where the word begins that has its part at `place`; `length` if there is none. */
static size_t word_around(const char *bytes, size_t length, size_t place)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t before = words[i].part;
        if (before <= place &&
            is_word(words[i].text, bytes + place - before, length - place + before))
            return place - before;
    }
    return length;
}

/* Of the words that have the pair at `place` in their part, where the first begins that stands
 * there in full; `length` if none does. */
static size_t look(const struct trigger *trigger, const char *bytes, size_t length, size_t place)
{
    unsigned offsets = trigger->pairs[pair_at(bytes + place)];
    for (size_t offset; offsets; offsets &= ~(1u << offset)) {
        offset = (size_t)(31 - __builtin_clz(offsets));
        if (offset > place || place - offset + STRIDE > length)
            continue;
        size_t at = place - offset;
        unsigned hash = beginning_at(bytes + at);
        if (!(trigger->beginnings[hash / 64] >> hash % 64 & 1))
            continue;
        size_t word = word_around(bytes, length, at);
        if (word < length)
            return word;
    }
    return length;
}

/* Over blocks with no pair of a word at any of their places. */
static size_t skip_strange(const struct trigger *trigger, const char *bytes, size_t length,
                           size_t place)
{
    const unsigned char *pairs = trigger->pairs;
    for (; place + BLOCK <= length; place += BLOCK) {
        const char *at = bytes + place;
        if (pairs[pair_at(at)] | pairs[pair_at(at + STRIDE)] | pairs[pair_at(at + 2 * STRIDE)] |
            pairs[pair_at(at + 3 * STRIDE)] | pairs[pair_at(at + 4 * STRIDE)] |
            pairs[pair_at(at + 5 * STRIDE)] | pairs[pair_at(at + 6 * STRIDE)] |
            pairs[pair_at(at + 7 * STRIDE)])
            break;
    }
    return place;
}

/* Whether such a pair stands in the block with two more bytes of its word beside it. Pairs such as
 * "er" stand in each line of prose; and no branch depends on a single place, which the processor
 * could not foresee. */
static bool has_part(const struct trigger *trigger, const char *block)
{
    const unsigned char *neighbours = trigger->neighbours;
    unsigned offsets = 0;
    for (size_t i = 0; i < PLACES; i++) {
        const char *at = block + i * STRIDE;
        offsets |= trigger->pairs[pair_at(at)] & ((neighbours[neighbours_at(at + 2)] & FRONT) |
                                                  (neighbours[neighbours_at(at - 2)] & BACK));
    }
    return offsets;
}

size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length)
{
    size_t place = 0;
    if (!trigger->ready)
        make_tables(trigger);
    while ((place = skip_strange(trigger, bytes, length, place)) + 2 <= length) {
        bool whole = place + BLOCK <= length;
        if (whole && place > 0 && !has_part(trigger, bytes + place)) {
            place += BLOCK;
            continue;
        }
        for (size_t places = whole ? PLACES : 1; places > 0; places--, place += STRIDE) {
            size_t found = look(trigger, bytes, length, place);
            if (found < length)
                return found;
        }
    }
    return length;
}

bool trigger_stands_in(const char *line, size_t length)
{
    for (size_t at = 0; at + STRIDE < length; at++)
        if (word_around(line, length, at) < length)
            return true;
    return false;
}
