#include "base/head.h"

#include "base/cursor.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9110, 5.6.2: what a name consists of, a bit for each byte. Letters, digits and
 * !#$%&'*+-.^_`|~ */
static bool is_token_byte(char c)
{
    static const uint64_t bits[4] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe};
    unsigned char byte = (unsigned char)c;
    return bits[byte / 64] >> byte % 64 & 1;
}

static size_t token_length(const char *text)
{
    size_t length = 0;
    while (is_token_byte(text[length]))
        length++;
    return length;
}

bool head_append(struct buffer *head, const char *name, const char *value)
{
    size_t length = token_length(name);
    if (length == 0 || name[length] || strpbrk(value, "\r\n"))
        return false;
    buffer_append(head, name, length);
    buffer_append(head, ": ", 2);
    buffer_append_text(head, value);
    buffer_append(head, "\r\n", 2);
    return true;
}

static void trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[*length - 1]))
        --*length;
    while (*length > 0 && is_blank(**text)) {
        ++*text;
        --*length;
    }
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

/* False for a line that is no header. One with CR inside might be two for another reader. */
static bool read_line(const char *line, const char *end, struct header *ret_header)
{
    size_t name = token_length(line);
    if (name == 0 || line[name] != ':')
        return false;
    const char *value = line + name + 1;
    size_t length = (size_t)(end - value);
    length -= length > 0 && value[length - 1] == '\n';
    length -= length > 0 && value[length - 1] == '\r';
    if (memchr(value, '\r', length))
        return false;
    *ret_header = (struct header){line, name, value, length};
    trim(&ret_header->value, &ret_header->value_length);
    return true;
}

bool head_next(const char **at, struct header *ret_header)
{
    while (**at) {
        const char *line = *at;
        *at = next_line(line);
        if (read_line(line, *at, ret_header))
            return true;
    }
    return false;
}

static bool find_next(const char **at, const char *name, size_t length, struct header *ret_header)
{
    const char first = char_lower(*name);
    while (**at) {
        const char *line = *at;
        *at = next_line(line);
        if (char_lower(*line) == first && (size_t)(*at - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0 && read_line(line, *at, ret_header))
            return true;
    }
    return false;
}

bool header_is(const struct header *header, const char *name)
{
    return strlen(name) == header->name_length &&
           strncasecmp(header->name, name, header->name_length) == 0;
}

bool head_next_named(const char **at, const char *name, struct header *ret_header)
{
    return find_next(at, name, strlen(name), ret_header);
}

bool head_find(const char *head, const char *name, struct header *ret_header)
{
    return find_next(&head, name, strlen(name), ret_header);
}

bool head_value(const char *head, const char *name, char *ret_value, size_t size)
{
    struct header header = {0};
    bool found = head_find(head, name, &header);
    size_t length = header.value_length < size ? header.value_length : size - 1;
    if (found)
        memcpy(ret_value, header.value, length);
    ret_value[found ? length : 0] = '\0';
    return found;
}

bool head_value_is(const char *head, const char *name, const char *value)
{
    struct header header;
    return head_find(head, name, &header) && strlen(value) == header.value_length &&
           strncasecmp(header.value, value, header.value_length) == 0;
}

size_t head_count(const char *head, const char *name)
{
    struct header header;
    size_t count = 0;
    while (find_next(&head, name, strlen(name), &header))
        count++;
    return count;
}

bool head_next_word(const char **at, const char *end, const char **ret_word, size_t *ret_length)
{
    while (*at < end) {
        const char *word = *at;
        const char *comma = memchr(word, ',', (size_t)(end - word));
        size_t length = (size_t)((comma ? comma : end) - word);
        *at = comma ? comma + 1 : end;
        trim(&word, &length);
        if (length > 0) {
            *ret_word = word;
            *ret_length = length;
            return true;
        }
    }
    return false;
}
