#include "core/show/usagequery.h"

#include "base/percent.h"
#include "core/show/since.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE 64

/* With "+" and "%20" for a blank. What is too long is cut, and no name that is known. */
static void decode(const char *text, size_t length, char ret_value[VALUE])
{
    size_t at = 0;
    for (size_t i = 0; i < length && at + 1 < VALUE; i++) {
        int byte = text[i] == '%' ? percent_read(text + i, length - i) : -1;
        ret_value[at++] = byte >= 0 ? (char)byte : text[i] == '+' ? ' ' : text[i];
        i += byte >= 0 ? 2 : 0;
    }
    ret_value[at] = '\0';
}

static int take_since(const char *value, int64_t now, const struct zone_ops *zones,
                      struct usage_query *query, struct buffer *error)
{
    char *end;
    long long seconds = strtoll(value, &end, 10);
    int r = 0;
    if (*value && !*end && seconds >= 1000000000 && seconds <= now)
        query->question.since = seconds;
    else
        r = since_parse(value, now, zones, &query->question.since);
    if (r < 0)
        buffer_append_text(error, "since: expected seconds since 1970, or a time such as "
                                  "2h, 3d, today or 2026-11-20, that is not to come");
    return r < 0 ? -EINVAL : 0;
}

static int take(const char *name, size_t length, const char *value, int64_t now,
                const struct zone_ops *zones, struct usage_query *query, struct buffer *error)
{
    if (length == 5 && memcmp(name, "since", 5) == 0)
        return take_since(value, now, zones, query, error);
    if (length == 2 && memcmp(name, "by", 2) == 0) {
        query->question.by = usage_by_parse(value);
        if (query->question.by < USAGE_BY_COUNT)
            return 0;
        buffer_append_text(error, "by: expected key, model, day, session or user");
        return -EINVAL;
    }
    query->is_csv = strcmp(value, "csv") == 0;
    if (length == 6 && memcmp(name, "format", 6) == 0 &&
        (query->is_csv || strcmp(value, "json") == 0))
        return 0;
    buffer_append_text(error, "expected by=, since= and format=json or format=csv");
    return -EINVAL;
}

int usagequery_parse(const char *target, int64_t now, const struct zone_ops *zones,
                     struct usage_query *ret_query, struct buffer *error)
{
    const char *at = strchr(target, '?');
    *ret_query =
        (struct usage_query){.question = {.by = USAGE_BY_KEY, .since = now - USAGE_SINCE_DEFAULT}};
    for (at = at ? at + 1 : ""; *at && *at != '#';) {
        char value[VALUE];
        size_t length = strcspn(at, "&#"), name = strcspn(at, "=&#");
        bool has_value = name < length;
        decode(at + name + has_value, length - name - has_value, value);
        int r = length > 0 ? take(at, name, value, now, zones, ret_query, error) : 0;
        if (r < 0)
            return r;
        at += length + (at[length] == '&');
    }
    return 0;
}
