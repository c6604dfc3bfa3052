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
#define BLOCK  (4 * STRIDE)

static unsigned pair_at(const char *bytes)
{
    uint16_t pair;
    memcpy(&pair, bytes, sizeof pair);
    return pair & 0x7f7fu;
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
    for (size_t offset = STRIDE; offsets && offset-- > 0;) {
        if (!(offsets & 1u << offset) || offset > place || place - offset + STRIDE > length)
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

size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length)
{
    const unsigned char *pairs = trigger->pairs;
    size_t place = 0;
    if (!trigger->ready)
        make_tables(trigger);
    while (place + 2 <= length) {
        const char *at = bytes + place;
        size_t places = 1;
        if (place + BLOCK <= length) {
            places = BLOCK / STRIDE;
            if (!(pairs[pair_at(at)] | pairs[pair_at(at + STRIDE)] |
                  pairs[pair_at(at + 2 * STRIDE)] | pairs[pair_at(at + 3 * STRIDE)])) {
                place += BLOCK;
                continue;
            }
        }
        for (; places > 0; places--, place += STRIDE) {
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
