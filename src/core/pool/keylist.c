#include "core/pool/keylist.h"

#include "core/pool/token.h"

#include <string.h>

static bool is_quoted(const char *text, size_t length)
{
    return length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0] &&
           !memchr(text + 1, text[0], length - 2);
}

static void unquote(const char **text, size_t *length)
{
    *text = token_trim(*text, length);
    if (!is_quoted(*text, *length))
        return;
    *length -= 2;
    (*text)++;
}

void keylist_begin(struct keylist *list, const char *text)
{
    size_t length = strlen(text);
    unquote(&text, &length);
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
        text++, length -= 2;
    *list = (struct keylist){.next = text, .end = text + length};
}

static bool is_line_end(char byte)
{
    return byte == '\n' || byte == '\r';
}

static bool is_between(char byte)
{
    return byte == ',' || byte == ' ' || byte == '\t' || is_line_end(byte);
}

static void skip_line(struct keylist *list)
{
    while (list->next < list->end && !is_line_end(*list->next))
        list->next++;
}

/* What stands between two items, comments too. */
static void skip(struct keylist *list)
{
    list->after_line_end = false;
    while (list->next < list->end && (is_between(*list->next) || *list->next == '#')) {
        list->after_line_end |= list->begun && is_line_end(*list->next);
        if (*list->next == '#')
            skip_line(list);
        else
            list->next++;
    }
}

static size_t item_length(const struct keylist *list)
{
    const char *p = list->next;
    while (p < list->end && *p != ',' && !is_line_end(*p) &&
           !(*p == '#' && (p[-1] == ' ' || p[-1] == '\t')))
        p++;
    return (size_t)(p - list->next);
}

/* "name=token"; a token itself may hold '=' when it starts like one. With anything else before it
 * it is no name either: names are shown, and stand in the state. */
static const char *split_name(const char *item, size_t length)
{
    static const char token[] = "sk-ant-";
    if (length > 3 && memcmp(item, "sk-", 3) == 0)
        return NULL;
    const char *equals = memchr(item, '=', length);
    if (equals && memmem(item, (size_t)(equals - item), token, sizeof token - 1))
        return NULL;
    /* Base64's filling at a token's end. */
    if (equals && length > (size_t)(equals + 1 - item) && equals[1] == '=')
        return NULL;
    return equals;
}

bool keylist_next(struct keylist *list, struct keylist_item *ret_item)
{
    struct keylist_item item = {0};
    skip(list);
    if (list->next == list->end)
        return false;
    item.token = list->next;
    item.length = item_length(list);
    list->next += item.length;
    list->begun = true;
    unquote(&item.token, &item.length);
    const char *equals = split_name(item.token, item.length);
    if (equals) {
        item.name = item.token;
        item.name_length = (size_t)(equals - item.token);
        item.length -= item.name_length + 1;
        item.token = equals + 1;
        item.name = token_trim(item.name, &item.name_length);
        unquote(&item.token, &item.length);
    }
    *ret_item = item;
    return true;
}
