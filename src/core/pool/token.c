#include "core/pool/token.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define LONGEST 16384
#define SHORT   90
#define BLANKS  " \t\r\n"

static bool is_blank(char byte)
{
    return byte && strchr(BLANKS, byte);
}

static bool begins_with(const char *bytes, size_t length, const char *beginning)
{
    size_t n = strlen(beginning);
    return length >= n && memcmp(bytes, beginning, n) == 0;
}

const char *token_trim(const char *bytes, size_t *length)
{
    if (begins_with(bytes, *length, "\xef\xbb\xbf")) /* editors on Windows put it there */
        bytes += 3, *length -= 3;
    while (*length > 0 && is_blank(bytes[0]))
        bytes++, (*length)--;
    while (*length > 0 && is_blank(bytes[*length - 1]))
        (*length)--;
    return bytes;
}

static bool is_anthropic(const char *bytes, size_t length)
{
    return begins_with(bytes, length, "sk-ant-");
}

/* "export NAME=sk-ant-..." */
static bool is_assignment(const char *bytes, size_t length)
{
    static const char prefix[] = "sk-ant-";
    const char *token = memmem(bytes, length, prefix, sizeof prefix - 1);
    return begins_with(bytes, length, "export ") ||
           (token && memchr(bytes, '=', (size_t)(token - bytes)));
}

static bool has_line_end(const char *bytes, size_t length)
{
    return memchr(bytes, '\n', length) || memchr(bytes, '\r', length);
}

static const char *fault_of_whole(const char *bytes, size_t length)
{
    if (length == 0)
        return "is empty";
    if (length > LONGEST)
        return "is longer than any token (16 KiB)";
    if (begins_with(bytes, length, "sk-ant-ort"))
        return "is a refresh token; expected an access token, which begins with sk-ant-oat";
    if (is_assignment(bytes, length))
        return "has a variable's name before it; only the part behind the = is the token";
    if (has_line_end(bytes, length))
        return "is broken by a line end inside; expected one line";
    return NULL;
}

static bool is_quote(char byte)
{
    return byte == '"' || byte == '\'' || byte == '`';
}

/* A ';' may be part of another program's token, but not before a second one. */
static bool has_wrong_separator(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((bytes[i] == ';' || bytes[i] == '|') &&
            (is_anthropic(bytes, length) || begins_with(bytes + i + 1, length - i - 1, "sk-")))
            return true;
    return false;
}

static const char *fault_of_ends(const char *bytes, size_t length)
{
    if (is_quote(bytes[0]) || is_quote(bytes[length - 1]))
        return "has a quotation mark at its end or beginning; leave it out";
    if (memmem(bytes, length, "...", 3))
        return "is shortened (...); expected the whole of it";
    if (has_wrong_separator(bytes, length))
        return "has a ; or | inside; commas go between tokens";
    return NULL;
}

static bool is_quotation_mark(uint32_t code)
{
    return (code >= 0x2018 && code <= 0x201f) || code == 0xab || code == 0xbb;
}

/* What looks like nothing, or like a blank. */
static bool is_unseen(uint32_t code)
{
    return text_is_control(code) || code == 0xa0 || code == 0xad || code == 0x3000 ||
           code == 0xfeff || (code >= 0x2000 && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202f) || (code >= 0x2060 && code <= 0x206f);
}

static int refuse_character(uint32_t code, struct buffer *error)
{
    if (code <= ' ' || code == 0x7f)
        buffer_append_text(error,
                           "has white space or control characters inside; expected one token");
    else if (code < 0x7f)
        buffer_append_format(error, "has a %c inside, which no such token has", (int)code);
    else
        buffer_append_format(error, "has a character inside that no token has: U+%04X%s", code,
                             code == 0x2026            ? ", an ellipsis; expected the whole of it"
                             : is_quotation_mark(code) ? ", a quotation mark; leave it out"
                             : is_unseen(code)         ? ", which cannot be seen; copy it again"
                                                       : "");
    return -EINVAL;
}

/* Another program's secret may be any text, as long as it can be seen. */
static bool is_taken(uint32_t code, bool anthropic, bool any_text)
{
    if (code > 0x7f)
        return any_text && !is_unseen(code);
    if (code <= ' ' || code == 0x7f)
        return false;
    return !anthropic || isalnum((int)code) || (code && strchr("-_=.+/~", (int)code));
}

static int check_characters(const char *bytes, size_t length, bool any_text, struct buffer *error)
{
    uint32_t code = 0;
    bool anthropic = is_anthropic(bytes, length);
    for (size_t i = 0, n; i < length; i += n) {
        n = text_character(bytes + i, length - i, &code);
        if (n == 0) {
            buffer_append_text(error, "has bytes inside that are not UTF-8");
            return -EINVAL;
        }
        if (!is_taken(code, anthropic, any_text))
            return refuse_character(code, error);
    }
    return 0;
}

/* Of ASCII whatever the locale, and without a call for each character. */
static bool is_ordinary_character(char c)
{
    const unsigned char byte = (unsigned char)c, small = byte | 0x20;
    return (small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9') || c == '-' || c == '_';
}

/* What no rule has anything against: nearly every token, and each launch looks at them all. */
static bool is_ordinary(const char *bytes, size_t length)
{
    if (length == 0 || length > LONGEST || begins_with(bytes, length, "sk-ant-ort"))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_ordinary_character(bytes[i]))
            return false;
    return true;
}

int token_check(const char *bytes, size_t length, const struct kind *kind, struct buffer *error)
{
    if (is_ordinary(bytes, length))
        return 0;
    bool any_text = kind && kind->id == KIND_ENV && !is_anthropic(bytes, length);
    const char *fault = fault_of_whole(bytes, length);
    if (!fault && !any_text)
        fault = fault_of_ends(bytes, length);
    if (!fault)
        return check_characters(bytes, length, any_text, error);
    buffer_append_text(error, fault);
    return -EINVAL;
}

bool token_is_torn(const char *rest, size_t length)
{
    size_t n = 0;
    while (length > 0 && is_blank(*rest))
        rest++, length--;
    while (n < length && (isalnum((unsigned char)rest[n]) || rest[n] == '-' || rest[n] == '_'))
        n++;
    return n > 0 && !begins_with(rest, length, "sk-") &&
           (n == length || rest[n] == '\n' || rest[n] == '\r');
}

bool token_is_short(const char *token)
{
    size_t length = strlen(token);
    bool told =
        begins_with(token, length, "sk-ant-oat01-") || begins_with(token, length, "sk-ant-api03-");
    return told && length < SHORT;
}
