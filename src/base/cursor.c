#include "base/cursor.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool cursor_take(struct cursor *c, const char *set)
{
    if (!char_is_among(cursor_peek(c, 0), set))
        return false;
    c->at++;
    return true;
}

static const struct {
    const char *bytes;
    unsigned kind;
} gaps[] = {
    {" ", GAP_SPACE},      {"\t", GAP_SPACE},     {"\n", GAP_LINE},      {"\r", GAP_LINE},
    {"\v", GAP_LINE},      {"\f", GAP_LINE},      {"\u00a0", GAP_SPACE}, {"\u2009", GAP_SPACE},
    {"\u202f", GAP_SPACE}, {",", GAP_COMMA},      {"|", GAP_COMMA},      {"\u00b7", GAP_COMMA},
    {"\u2022", GAP_COMMA}, {"\u2219", GAP_COMMA}, {".", GAP_POINT},      {"'", GAP_QUOTE},
    {"\"", GAP_QUOTE},     {"`", GAP_QUOTE},      {"\\", GAP_QUOTE},     {":", GAP_COLON},
    {"=", GAP_COLON},
};

static unsigned gap_at(const struct cursor *c, size_t *ret_length)
{
    size_t left = (size_t)(c->end - c->at);

    for (size_t i = 0; i < COUNT(gaps); i++) {
        size_t length = strlen(gaps[i].bytes);

        if (length > left || memcmp(c->at, gaps[i].bytes, length) != 0)
            continue;
        *ret_length = length;
        return gaps[i].kind;
    }
    return 0;
}

/* A point within a word or a number ends nothing. */
static bool ends_sentence(const struct cursor *c)
{
    struct cursor next = {c->at + 1, c->end};
    size_t length;

    return next.at == next.end || (gap_at(&next, &length) & (GAP_SPACE | GAP_LINE)) != 0;
}

unsigned cursor_skip(struct cursor *c, unsigned kinds)
{
    unsigned kind, passed = 0;
    size_t length;

    while (((kind = gap_at(c, &length)) & kinds) != 0) {
        if (kind == GAP_POINT && ends_sentence(c))
            break;
        c->at += length;
        passed |= kind;
    }
    return passed;
}

bool cursor_read_number(struct cursor *c, size_t least, size_t most, int64_t *ret_number)
{
    int64_t value = 0;
    size_t n = 0;

    for (; n <= most && char_is_digit(cursor_peek(c, n)); n++)
        value = n < most ? value * 10 + (cursor_peek(c, n) - '0') : value;
    if (n < least || n > most)
        return false;
    c->at += n;
    *ret_number = value;
    return true;
}

bool cursor_read_word(struct cursor *c, const struct word *words, size_t count, int64_t *ret_value)
{
    size_t length = 0;

    while (char_is_letter(cursor_peek(c, length)))
        length++;
    for (size_t i = 0; i < count && length > 0; i++) {
        size_t full = strlen(words[i].text), same = 0;

        while (same < length && char_lower(cursor_peek(c, same)) == words[i].text[same])
            same++;
        if (same < length || length < (words[i].least != 0 ? words[i].least : full))
            continue;
        c->at += length;
        *ret_value = words[i].value;
        return true;
    }
    return false;
}
