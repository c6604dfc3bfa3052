#include "core/evidence/plain.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LEAD_MOST    128

/* After the ESC at `bytes`: the length of the sequence, ESC included (ECMA-48: a control sequence,
 * a control string up to BEL or ST, or a few intermediate bytes and a final one). */
static size_t escape_length(const char *bytes, size_t length)
{
    size_t i = 2;
    if (length < 2)
        return length;
    if (bytes[1] == '[') {
        while (i < length && !(bytes[i] >= 0x40 && bytes[i] <= 0x7e))
            i++;
        return i < length ? i + 1 : length;
    }
    if (bytes[1] && strchr("]P_^X", bytes[1])) {
        while (i < length && bytes[i] != '\a' && bytes[i] != '\x1b')
            i++;
        if (i + 1 < length && bytes[i] == '\x1b')
            i++;
        return i < length ? i + 1 : length;
    }
    for (i = 1; i < length && bytes[i] >= 0x20 && bytes[i] <= 0x2f; i++)
        ;
    return i < length ? i + 1 : length;
}

size_t plain_lead(const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && i < LEAD_MOST) {
        if (bytes[i] == '\x1b')
            i += escape_length(bytes + i, length - i);
        else if (bytes[i] && strchr(" \t\r|", bytes[i]))
            i++;
        else
            break;
    }
    return i;
}

static void append(const char *line, size_t length, char tab, struct buffer *text)
{
    for (size_t i = 0; i < length;) {
        if (line[i] == '\x1b') {
            i += escape_length(line + i, length - i);
            continue;
        }
        if ((unsigned char)line[i] >= ' ' && line[i] != 0x7f)
            buffer_append_char(text, line[i]);
        else if (line[i] == '\t')
            buffer_append_char(text, tab);
        i++;
    }
}

void plain_append(const char *line, size_t length, struct buffer *text)
{
    append(line, length, ' ', text);
}

void plain_append_with_tabs(const char *line, size_t length, struct buffer *text)
{
    append(line, length, '\t', text);
}

void plain_normalise(const struct buffer *plain, struct buffer *text)
{
    static const struct {
        const char *from;
        char to;
    } same[] = {{"·", '|'},       {"•", '|'}, {"∙", '|'},
                {"—", '|'},       {"–", '|'}, {"\xe2\x80\x99", '\''},
                {"\xc2\xa0", ' '}};
    const char *p = buffer_text(plain);
    bool blank = true;
    while (*p) {
        char c = *p;
        size_t step = 1;
        for (size_t i = 0; i < COUNT(same); i++) {
            size_t from = strlen(same[i].from);
            if (strncmp(p, same[i].from, from) == 0)
                c = same[i].to, step = from;
        }
        p += step;
        if (c == '\t')
            c = ' ';
        if (c == ' ' && blank)
            continue;
        blank = c == ' ';
        buffer_append_char(text, c);
    }
    while (text->length > 0 && text->data[text->length - 1] == ' ')
        text->data[--text->length] = '\0';
}
