#include "base/head.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!char_is_alnum(text[i]) && !char_is_among(text[i], "!#$%&'*+-.^_`|~"))
            return false;
    return length > 0;
}

bool head_append(struct buffer *head, const char *name, const char *value)
{
    if (!is_token(name, strlen(name)) || value[strcspn(value, "\r\n")])
        return false;
    buffer_append_format(head, "%s: %s\r\n", name, value);
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

bool head_next(const char **at, struct field *ret_field)
{
    while (**at) {
        const char *line = *at;
        size_t length = strcspn(line, "\r\n");
        *at = line + length + strspn(line + length, "\r\n");
        const char *colon = memchr(line, ':', length);
        if (!colon || !is_token(line, (size_t)(colon - line)))
            continue;
        *ret_field = (struct field){line, (size_t)(colon - line), colon + 1,
                                    length - (size_t)(colon + 1 - line)};
        trim(&ret_field->value, &ret_field->value_length);
        return true;
    }
    return false;
}

bool field_is(const struct field *field, const char *name)
{
    return strlen(name) == field->name_length &&
           strncasecmp(field->name, name, field->name_length) == 0;
}

bool head_find(const char *head, const char *name, struct field *ret_field)
{
    struct field field;
    while (head_next(&head, &field))
        if (field_is(&field, name)) {
            *ret_field = field;
            return true;
        }
    return false;
}

bool head_value(const char *head, const char *name, char *ret_value, size_t size)
{
    struct field field = {0};
    bool found = head_find(head, name, &field);
    snprintf(ret_value, size, "%.*s", (int)field.value_length, found ? field.value : "");
    return found;
}

bool head_value_is(const char *head, const char *name, const char *value)
{
    struct field field;
    return head_find(head, name, &field) && strlen(value) == field.value_length &&
           strncasecmp(field.value, value, field.value_length) == 0;
}

size_t head_count(const char *head, const char *name)
{
    struct field field;
    size_t count = 0;
    while (head_next(&head, &field))
        count += field_is(&field, name);
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
