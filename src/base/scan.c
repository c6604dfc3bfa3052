#include "base/scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST         100
#define NUMBER_MOST     40
#define DIGITS_EXACT    15
#define INTEGER_LARGEST 9007199254740992.0

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

char scan_peek(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
        scan->at++;
    return scan->at < scan->end ? *scan->at : '\0';
}

bool scan_enter(struct scan *scan, char bracket)
{
    if (scan_peek(scan) != bracket)
        return false;
    scan->at++;
    return true;
}

static int digit_of(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* What may stand behind a backslash, beside 'u'. */
static bool is_escaped(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    default:
        return false;
    }
}

static bool skip_escape(struct scan *scan)
{
    if (scan->end - scan->at < 2)
        return false;
    char kind = scan->at[1];
    scan->at += 2;
    if (kind != 'u')
        return is_escaped(kind);
    for (int i = 0; i < 4; i++, scan->at++)
        if (scan->at == scan->end || digit_of(*scan->at) < 0)
            return false;
    return true;
}

/* Up to a quote, a backslash or a control character; eight bytes at a time, as most of a long text
 * stands in strings. A byte of `hit` has its highest bit where one of these stands, or behind one.
 */
static const char *skip_plain(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
        uint64_t hit =
            ((word - ones * ' ') & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        if (!(hit & high))
            continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        return at + __builtin_ctzll(hit & high) / 8;
#else
        break;
#endif
    }
    while (at < end && (unsigned char)*at >= ' ' && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* At the opening quote. */
static bool skip_string(struct scan *scan)
{
    scan->at = skip_plain(scan->at + 1, scan->end);
    while (scan->at < scan->end && *scan->at == '\\') {
        if (!skip_escape(scan))
            return false;
        scan->at = skip_plain(scan->at, scan->end);
    }
    if (scan->at == scan->end || *scan->at != '"')
        return false;
    scan->at++;
    return true;
}

static bool skip_digits(struct scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > start;
}

static bool take(struct scan *scan, const char *set)
{
    for (; scan->at < scan->end && *set; set++)
        if (*scan->at == *set) {
            scan->at++;
            return true;
        }
    return false;
}

static bool skip_number(struct scan *scan)
{
    (void)take(scan, "-");
    if (!skip_digits(scan) || (take(scan, ".") && !skip_digits(scan)))
        return false;
    if (!take(scan, "eE"))
        return true;
    (void)take(scan, "+-");
    return skip_digits(scan);
}

static bool skip_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

static bool skip_value(struct scan *scan, int depth);

static bool skip_members(struct scan *scan, int depth)
{
    struct part name;
    size_t count = 0;
    enum scan_step step;
    scan->at++;
    while ((step = scan_member(scan, &count, &name)) == SCAN_NEXT)
        if (!skip_value(scan, depth))
            return false;
    return step == SCAN_END;
}

static bool skip_items(struct scan *scan, int depth)
{
    size_t count = 0;
    enum scan_step step;
    scan->at++;
    while ((step = scan_item(scan, &count)) == SCAN_NEXT)
        if (!skip_value(scan, depth))
            return false;
    return step == SCAN_END;
}

static bool skip_value(struct scan *scan, int depth)
{
    char first = scan_peek(scan);
    if (depth == DEEPEST)
        return false;
    switch (first) {
    case '"':
        return skip_string(scan);
    case '{':
        return skip_members(scan, depth + 1);
    case '[':
        return skip_items(scan, depth + 1);
    case 't':
        return skip_word(scan, "true");
    case 'f':
        return skip_word(scan, "false");
    case 'n':
        return skip_word(scan, "null");
    default:
        return skip_number(scan);
    }
}

/* Before a member or an item: past the comma, or past the end. */
static enum scan_step step_on(struct scan *scan, size_t *count, char end)
{
    char next = scan_peek(scan);
    if (next == end) {
        scan->at++;
        return SCAN_END;
    }
    if ((*count)++ == 0)
        return next ? SCAN_NEXT : SCAN_WRONG;
    if (next != ',')
        return SCAN_WRONG;
    scan->at++;
    return SCAN_NEXT;
}

enum scan_step scan_item(struct scan *scan, size_t *count)
{
    return step_on(scan, count, ']');
}

enum scan_step scan_member(struct scan *scan, size_t *count, struct part *ret_name)
{
    enum scan_step step = step_on(scan, count, '}');
    if (step != SCAN_NEXT)
        return step;
    if (scan_peek(scan) != '"')
        return SCAN_WRONG;
    const char *start = scan->at + 1;
    if (!skip_string(scan))
        return SCAN_WRONG;
    *ret_name = (struct part){start, (size_t)(scan->at - 1 - start)};
    if (scan_peek(scan) != ':')
        return SCAN_WRONG;
    scan->at++;
    return SCAN_NEXT;
}

bool scan_value(struct scan *scan, struct part *ret_part)
{
    (void)scan_peek(scan);
    const char *start = scan->at;
    if (!skip_value(scan, 0))
        return false;
    *ret_part = (struct part){start, (size_t)(scan->at - start)};
    return true;
}

bool part_is(const struct part *part, const char *name)
{
    return part->length > 0 && part->text[0] == name[0] && part->length == strlen(name) &&
           memcmp(part->text, name, part->length) == 0;
}

static unsigned read_unit(const char *digits)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit * 16 + (unsigned)digit_of(digits[i]);
    return unit;
}

/* The character of \uXXXX at `p`, and of a second one that makes a pair with it. */
static unsigned read_escaped(const char **p, const char *end)
{
    unsigned unit = read_unit(*p + 2);
    *p += 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    bool pair = unit < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u';
    unsigned low = pair ? read_unit(*p + 2) : 0;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0xFFFD;
    *p += 6;
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

static size_t encode(unsigned c, char ret_bytes[4])
{
    static const unsigned char heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        ret_bytes[i] = (char)(0x80 | (c & 0x3F));
    ret_bytes[0] = (char)(heads[length] | c);
    return length;
}

/* One character of a string that was checked: its bytes. */
static size_t decode(const char **p, const char *end, char ret_bytes[4])
{
    static const char kinds[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    if (**p != '\\') {
        ret_bytes[0] = *(*p)++;
        return 1;
    }
    if ((*p)[1] == 'u')
        return encode(read_escaped(p, end), ret_bytes);
    const char *kind = strchr(kinds, (*p)[1]);
    ret_bytes[0] = kind ? bytes[kind - kinds] : (*p)[1];
    *p += 2;
    return 1;
}

/* How much stays of a text that was cut behind so many bytes: no part of a character. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t lead = length;
    while (lead > 0 && length - lead < 3 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
        lead--;
    unsigned char first = lead > 0 ? (unsigned char)text[lead - 1] : 0;
    size_t needed = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    return length - lead + 1 < needed ? lead - 1 : length;
}

void part_name(const struct part *name, char *ret_text, size_t size)
{
    const char *p = name->text, *end = p + name->length;
    size_t used = 0;
    if (!memchr(p, '\\', name->length)) {
        used = name->length < size ? name->length : whole_characters(p, size - 1);
        memcpy(ret_text, p, used);
        p = end;
    }
    while (p < end) {
        char bytes[4];
        size_t length = decode(&p, end, bytes);
        if (used + length >= size) {
            used = whole_characters(ret_text, used);
            break;
        }
        memcpy(ret_text + used, bytes, length);
        used += length;
    }
    ret_text[used] = '\0';
}

void part_text(const struct part *part, char *ret_text, size_t size)
{
    *ret_text = '\0';
    if (part->length < 2 || part->text[0] != '"')
        return;
    const struct part inner = {part->text + 1, part->length - 2};
    part_name(&inner, ret_text, size);
}

/* "1.0" and "1e3" are whole numbers too. */
static bool read_unusual(const struct part *part, int64_t *ret_number)
{
    char copy[NUMBER_MOST];
    if (part->length >= sizeof copy || (part->text[0] != '-' && !is_digit(part->text[0])))
        return false;
    memcpy(copy, part->text, part->length);
    copy[part->length] = '\0';
    double number = strtod(copy, NULL);
    if (!(fabs(number) <= INTEGER_LARGEST) || number != floor(number))
        return false;
    *ret_number = (int64_t)number;
    return true;
}

bool part_integer(const struct part *part, int64_t *ret_number)
{
    int64_t number = 0;
    for (size_t i = 0; i < part->length; i++) {
        if (!is_digit(part->text[i]) || i == DIGITS_EXACT)
            return read_unusual(part, ret_number);
        number = number * 10 + (part->text[i] - '0');
    }
    *ret_number = number;
    return part->length > 0;
}
