#include "base/text.h"

#include <string.h>

void text_copy(char *to, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    memcpy(to, text, length);
    to[length] = '\0';
}

size_t text_character(const char *text, size_t length, uint32_t *ret_code)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 0x00}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *p = (const unsigned char *)text;
    if (length > 0 && *p < 0x80) { /* most are */
        *ret_code = *p;
        return 1;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0] && i < length; i++) {
        if ((*p & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t code = *p & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k <= i; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (p[k] & 0x3f);
        }
        bool surrogate = code >= 0xd800 && code < 0xe000;
        if (code < forms[i].least || code > 0x10ffff || surrogate)
            return 0;
        *ret_code = code;
        return i + 1;
    }
    return 0;
}

bool text_is_control(uint32_t code)
{
    return code < ' ' || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

const char *text_last(const char *text, size_t length, char wanted)
{
    while (length > 0)
        if (text[--length] == wanted)
            return text + length;
    return NULL;
}

bool text_is_utf8(const char *text)
{
    uint32_t code;
    size_t left = strlen(text);
    for (size_t length; left > 0; text += length, left -= length)
        if ((length = text_character(text, left, &code)) == 0)
            return false;
    return true;
}

bool text_has_controls(const char *text)
{
    uint32_t code;
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = text_character(text, left, &code);
        if (length > 0 && text_is_control(code))
            return true;
        length += length == 0;
        text += length, left -= length;
    }
    return false;
}

void text_replace_controls(char *text, size_t length, char replacement)
{
    uint32_t code;
    for (size_t i = 0; i < length;) {
        size_t step = text_character(text + i, length - i, &code);
        if (step == 0 || text_is_control(code))
            memset(text + i, replacement, step ? step : 1);
        i += step ? step : 1;
    }
}

size_t text_fit(const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);
    if (length <= most)
        return length;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}
