#include "core/evidence/trigger.h"

#include "base/cursor.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In small letters. Each is looked for by PART of its bytes, those that are rarest in text. */
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

#define STRIDE 3
#define PART   (STRIDE + 2)
#define PLACES 8
#define BLOCK  (PLACES * STRIDE)
#define AFTER  1 /* bytes behind a place's own that are read with them */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FIRST_THREE 0xffffff00u
#else
#define FIRST_THREE 0x00ffffffu
#endif

/* Letters of both cases have one hash. Four bytes are read. */
static unsigned three_at(const char *bytes)
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    return (((four | 0x20202020u) & FIRST_THREE) * 2654435761u) >> 20;
}

/* Letters of both cases have one hash. */
static unsigned beginning_at(const char *bytes)
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    return ((four | 0x20202020u) * 2654435761u) >> 22;
}

static void make_tables(struct trigger *trigger)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        const char *part = words[i].text + words[i].part;
        unsigned hash = beginning_at(part);
        trigger->beginnings[hash / 64] |= UINT64_C(1) << hash % 64;
        for (size_t at = 0; at < STRIDE; at++)
            trigger->threes[three_at(part + at)] |= (unsigned char)(1u << at);
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

/* Of the words that have the bytes at `place` in their part, where the first begins that stands
 * there in full; `length` if none does. */
static size_t look(const struct trigger *trigger, const char *bytes, size_t length, size_t place)
{
    unsigned offsets = trigger->threes[three_at(bytes + place)];
    for (size_t offset; offsets; offsets &= ~(1u << offset)) {
        offset = (size_t)(31 - __builtin_clz(offsets));
        if (offset > place || place - offset + PART > length)
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

/* Over blocks with nothing of a word at any of their places. */
static size_t skip_strange(const struct trigger *trigger, const char *bytes, size_t length,
                           size_t place)
{
    const unsigned char *threes = trigger->threes;
    for (; place + BLOCK + AFTER <= length; place += BLOCK) {
        const char *at = bytes + place;
        if (threes[three_at(at)] | threes[three_at(at + STRIDE)] |
            threes[three_at(at + 2 * STRIDE)] | threes[three_at(at + 3 * STRIDE)] |
            threes[three_at(at + 4 * STRIDE)] | threes[three_at(at + 5 * STRIDE)] |
            threes[three_at(at + 6 * STRIDE)] | threes[three_at(at + 7 * STRIDE)])
            break;
    }
    return place;
}

/* The last place, whose bytes are the last ones. */
static size_t look_at_end(const struct trigger *trigger, const char *bytes, size_t length,
                          size_t place)
{
    char last[STRIDE + AFTER] = {0};
    memcpy(last, bytes + place, STRIDE);
    return trigger->threes[three_at(last)] && length >= PART
               ? word_around(bytes, length, length - PART)
               : length;
}

size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length)
{
    size_t place = 0;
    if (!trigger->ready)
        make_tables(trigger);
    while ((place = skip_strange(trigger, bytes, length, place)) + STRIDE + AFTER <= length)
        for (size_t i = 0; i < PLACES && place + STRIDE + AFTER <= length; i++, place += STRIDE) {
            size_t found = look(trigger, bytes, length, place);
            if (found < length)
                return found;
        }
    return place + STRIDE <= length ? look_at_end(trigger, bytes, length, place) : length;
}

bool trigger_stands_in(const char *line, size_t length)
{
    for (size_t at = 0; at + PART <= length; at++)
        if (word_around(line, length, at) < length)
            return true;
    return false;
}
