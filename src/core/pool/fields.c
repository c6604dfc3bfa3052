#include "core/pool/fields.h"

#include "base/money.h"
#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_SHORTEST 20 /* "sk-ant-oat01-..." in our own messages is not a token */

/* The length of what might be a whole token at this place. */
static size_t token_length(const char *text)
{
    size_t length = 0;
    struct kind kind;
    if (kind_from_token(text, &kind))
        while (isalnum((unsigned char)text[length]) || (text[length] && strchr("-_", text[length])))
            length++;
    return length > TOKEN_SHORTEST ? length : 0;
}

bool fields_hold_token(const char *text)
{
    while (*text && token_length(text) == 0)
        text++;
    return *text != '\0';
}

/* Messages quote the file: a text in it must not break the line, and a token that stands where a
 * name belongs must not get into a log. */
static void make_harmless(char *text)
{
    text_replace_controls(text, strlen(text), '?');
    for (; *text; text++)
        memset(text, '*', token_length(text));
}

static void say(struct buffer *lines, const char *place, const char *field, const char *format,
                va_list args)
{
    char text[512];
    size_t begin = lines->length;
    vsnprintf(text, sizeof text, format, args);
    buffer_append_format(lines, "%s%s%s: %s", place, *place && *field ? "." : "", field, text);
    if (!lines->failed)
        make_harmless(lines->data + begin);
    buffer_append_char(lines, '\n');
}

void fields_mistake(struct reader *reader, const char *place, const char *field, const char *format,
                    ...)
{
    va_list args;
    va_start(args, format);
    say(&reader->report->errors, place, field, format, args);
    va_end(args);
}

void fields_oddity(struct reader *reader, const char *place, const char *field, const char *format,
                   ...)
{
    va_list args;
    va_start(args, format);
    say(&reader->report->warnings, place, field, format, args);
    va_end(args);
}

const char *fields_keep(struct reader *reader, const char *text)
{
    const char *copy = secret_store_add(reader->keyring->store, text, strlen(text));
    if (!copy)
        reader->out_of_memory = true;
    return copy;
}

void fields_wrong_type(struct reader *reader, const char *place, const cJSON *item,
                       const char *expected)
{
    fields_mistake(reader, place, item->string ? item->string : "", "expected %s, found %s",
                   expected, json_type_name(item));
}

const char *fields_quote(const cJSON *item, char text[FIELDS_QUOTE])
{
    if (cJSON_IsString(item))
        snprintf(text, FIELDS_QUOTE, "\"%s\"", item->valuestring);
    else if (cJSON_IsNumber(item))
        snprintf(text, FIELDS_QUOTE, "%g", item->valuedouble);
    else
        snprintf(text, FIELDS_QUOTE, "%s", json_type_name(item));
    return text;
}

void fields_read(struct reader *reader, const char *place, const cJSON *object,
                 const struct field *fields, void *target)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        const struct field *field = fields;
        while (field->name && strcmp(field->name, item->string) != 0)
            field++;
        if (!field->name)
            fields_oddity(reader, place, item->string, "unknown field, ignored");
        else if (json_get(object, field->name) != item)
            fields_mistake(reader, place, item->string, "found twice, expected once");
        else if (field->read)
            field->read(reader, place, item, target);
    }
}

void fields_read_text(struct reader *reader, const char *place, const cJSON *item,
                      const char **ret_text)
{
    struct kind token_kind;
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "a string");
    else if (!*item->valuestring)
        fields_mistake(reader, place, item->string, "expected a text, found an empty one");
    else if (kind_from_token(item->valuestring, &token_kind)) /* not repeated on stderr */
        fields_mistake(reader, place, item->string,
                       "expected a text, found a token: that is \"token\"");
    else if (!text_is_utf8(item->valuestring))
        fields_mistake(reader, place, item->string, "is not UTF-8, as JSON has to be");
    else if (text_has_controls(item->valuestring))
        fields_mistake(reader, place, item->string, "holds a control character");
    else
        *ret_text = fields_keep(reader, item->valuestring);
}

void fields_read_whole(struct reader *reader, const char *place, const cJSON *item, int least,
                       int most, int *ret_number)
{
    char text[FIELDS_QUOTE];
    if (!cJSON_IsNumber(item) || item->valuedouble != (double)item->valueint ||
        item->valueint < least || item->valueint > most)
        fields_mistake(reader, place, item->string,
                       "expected a whole number from %d to %d, found %s", least, most,
                       fields_quote(item, text));
    else
        *ret_number = item->valueint;
}

const char *fields_name_fault(const char *name)
{
    if (!*name)
        return "is empty";
    if (fields_hold_token(name))
        return "looks like a token; expected a name";
    if (strlen(name) > FIELDS_NAME)
        return "is longer than 64 bytes";
    if (!text_is_utf8(name))
        return "is not UTF-8, as JSON has to be";
    if (text_has_controls(name) || strpbrk(name, "\","))
        return "holds a control character, a quote or a comma";
    if (!name[strspn(name, " ")])
        return "has nothing but blanks";
    return NULL;
}

void fields_read_money(struct reader *reader, const char *place, const cJSON *item,
                       int64_t *ret_money)
{
    const char *text = cJSON_GetStringValue(item), *slash = text ? strchr(text, '/') : NULL;
    char quote[FIELDS_QUOTE];
    int64_t money = 0;
    if (slash && strcmp(slash, "/day") == 0 && money_parse(text, (size_t)(slash - text), &money) &&
        money > 0)
        *ret_money = money;
    else
        fields_mistake(reader, place, item->string,
                       "expected dollars for a day such as \"5.00/day\", found %s",
                       fields_quote(item, quote));
}
