/* A place in a text and what can be read from there. Nothing is allocated and nothing is kept. Each
 * reader moves the cursor past what it has read, or returns false and leaves everything as it was.
 * To look ahead, copy the cursor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end; /* after the last byte; no NUL is needed there */
};

/* The byte that many further on; NUL from the end on. */
static inline char cursor_peek(const struct cursor *c, size_t ahead)
{
    return (size_t)(c->end - c->at) > ahead ? c->at[ahead] : '\0';
}

/* Characters: ASCII only, because ctype.h follows the locale (a Turkish I is no i). */

static inline bool char_is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static inline char char_lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static inline bool char_is_letter(char ch)
{
    return char_lower(ch) >= 'a' && char_lower(ch) <= 'z';
}

static inline bool char_is_alnum(char ch)
{
    return char_is_digit(ch) || char_is_letter(ch);
}

/* What names and tokens consist of. */
static inline bool char_is_word(char ch)
{
    return char_is_alnum(ch) || ch == '_' || ch == '-';
}

/* The end of the text is in no set. */
static inline bool char_is_among(char ch, const char *set)
{
    return ch != '\0' && strchr(set, ch) != NULL;
}

/* One byte out of `set`; false if another stands there. */
bool cursor_take(struct cursor *c, const char *set);

/* What stands between words, the UTF-8 kinds of spaces and bullets included. */
enum {
    GAP_SPACE = 1,
    GAP_LINE = 2,
    GAP_COMMA = 4, /* any mark between the parts of a sentence */
    GAP_POINT = 8,
    GAP_QUOTE = 16,
    GAP_COLON = 32,
    GAP_BETWEEN = GAP_SPACE | GAP_LINE | GAP_COMMA | GAP_POINT,
};

/* Passes over all gaps of these kinds, but over no point that ends a sentence (white space or the
 * end follows it): what comes then says something else. Gives the kinds that were passed over, 0 if
 * there were none. */
unsigned cursor_skip(struct cursor *c, unsigned kinds);

/* The whole run of digits; false if they are not `least` to `most`. `most` is at most 18, so that
 * the number fits. */
bool cursor_read_number(struct cursor *c, size_t least, size_t most, int64_t *ret_number);

/* A word, in small letters, may be cut down to its first `least` letters; 0: it stands in full. */
struct word {
    const char *text;
    size_t least;
    int64_t value;
};

/* Reads a whole run of letters, of either case; gives the value of the first of `words` that it
 * equals, and false if it is none of them. */
bool cursor_read_word(struct cursor *c, const struct word *words, size_t count, int64_t *ret_value);
