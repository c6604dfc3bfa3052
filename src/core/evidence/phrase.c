#include "core/evidence/phrase.h"

#include "base/cursor.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool in_word(char c)
{
    return char_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* What follows at `at` begins a word, or is not a word at all. */
static bool between_words(const char *begin, const char *at)
{
    return at == begin || !in_word(at[-1]) || !in_word(*at);
}

/* A point within a number or a name ends nothing. */
static bool ends_sentence(const char *at)
{
    return char_is_among(*at, ".!?;") && (at[1] == ' ' || at[1] == '\0');
}

static bool ends_clause(const char *at)
{
    static const char *const words[] = {"for ",    "on ",    "until ", "reset ",
                                        "resets ", "resets", "will "};
    if (*at == ' ')
        at++;
    else if (in_word(*at))
        return false;
    if (!in_word(*at))
        return true;
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t length = strlen(words[i]), same = 0;
        while (same < length && char_lower(at[same]) == words[i][same])
            same++;
        if (same == length)
            return true;
    }
    return false;
}

static bool ends_part(const char *at)
{
    at += *at == ' ';
    return *at == '\0' || *at == '|' || *at == '.';
}

static bool match(const char *phrase, const char *begin, const char *at);

static bool match_gap(const char *phrase, const char *begin, const char *at)
{
    for (size_t i = 0; i <= PHRASE_GAP; i++) {
        if ((at + i == begin || !in_word(at[(ptrdiff_t)i - 1])) && match(phrase, begin, at + i))
            return true;
        if (at[i] == '\0' || at[i] == '|' || ends_sentence(at + i))
            return false;
    }
    return false;
}

/* `phrase` points past the opening bracket. */
static bool match_any_of(const char *phrase, const char *begin, const char *at)
{
    const char *behind = strchr(phrase, ')') + 1;
    while (phrase < behind) {
        size_t length = strcspn(phrase, "|)"), same = 0;
        while (same < length && char_lower(at[same]) == phrase[same])
            same++;
        if (same == length && match(behind, begin, at + same))
            return true;
        phrase += length + 1;
    }
    return false;
}

static bool match(const char *phrase, const char *begin, const char *at)
{
    for (; *phrase; phrase++, at++) {
        if (*phrase == '*')
            return match_gap(phrase + 1, begin, at);
        if (*phrase == '(')
            return match_any_of(phrase + 1, begin, at);
        if (*phrase == '$')
            return ends_clause(at);
        if (*phrase == '!')
            return ends_part(at);
        if (*phrase != '#' && char_lower(*at) != *phrase)
            return false;
        if (*phrase != '#')
            continue;
        if (!char_is_digit(*at))
            return false;
        while (char_is_digit(at[1]))
            at++;
    }
    return between_words(begin, at);
}

bool phrase_starts(const char *phrase, const char *text)
{
    return match(phrase, text, text);
}

bool phrase_stands_in(const char *phrase, const char *text)
{
    for (const char *at = text; *at; at++)
        if (between_words(text, at) && match(phrase, text, at))
            return true;
    return false;
}
