#include "core/show/pagelog.h"

#include "base/jsontext.h"
#include "base/text.h"
#include "core/show/eventtext.h"
#include "core/state/event.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, char end, uint64_t *ret_number, const char **ret_rest)
{
    char *stop;
    errno = 0;
    unsigned long long number = strtoull(text, &stop, 10);
    if (!isdigit((unsigned char)*text) || errno != 0 || *stop != end)
        return false;
    *ret_number = number;
    *ret_rest = stop + (end != '\0');
    return true;
}

bool pagelog_parse_id(const char *text, struct pagelog_id *ret_id)
{
    struct pagelog_id id;
    if (!parse_number(text, '-', &id.file, &text) || !parse_number(text, '\0', &id.offset, &text))
        return false;
    *ret_id = id;
    return true;
}

static void append_line(struct pagelog *log, uint64_t file, size_t offset,
                        const struct event *event)
{
    struct buffer sentence = {0}, *text = &log->lines;
    eventtext_append_sentence(&sentence, event, log->zones);
    jsontext_comma(text);
    buffer_append_format(text, "{\"id\":\"%llu-%zu\"", (unsigned long long)file, offset);
    jsontext_add_integer(text, "at", event->time);
    jsontext_add_string(text, "event", event->name ? event->name : "");
    jsontext_add_string(text, "key", event->key ? event->key : "");
    jsontext_add_string(text, "text", buffer_text(&sentence));
    buffer_append_char(text, '}');
    text->failed |= sentence.failed;
    buffer_finish(&sentence);
}

bool pagelog_take(struct pagelog *log, uint64_t file, const char *bytes, size_t length)
{
    while (length > 0 && bytes[length - 1] != '\n')
        length--; /* it is being written */
    while (length > 0 && !log->more) {
        const char *before = text_last(bytes, length - 1, '\n');
        size_t start = before ? (size_t)(before - bytes) + 1 : 0;
        struct event event;
        if (event_parse(bytes + start, length - start, &event) == 0) {
            log->more = log->count == log->limit;
            if (!log->more) {
                append_line(log, file, start, &event);
                log->count++;
            }
            event_finish(&event);
        }
        length = start;
    }
    return log->more;
}
