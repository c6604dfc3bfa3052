#include "commands/keys/keys_fields.h"

#include "base/duration.h"
#include "core/pool/keydate.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct buffer *error, const char *option, const char *expected, const char *found)
{
    buffer_append_format(error, "%s: expected %s, found \"%s\"", option, expected, found);
    return -EINVAL;
}

static int stored(bool done)
{
    return done ? 0 : -ENOMEM;
}

bool key_fields_kind(const char *text, struct kind *ret_kind)
{
    return strncmp(text, "env:", 4) == 0 ? kind_from_variable(text + 4, ret_kind)
                                         : kind_from_name(text, ret_kind);
}

static int set_kind(const char *text, int64_t now, cJSON *entry, struct buffer *error)
{
    (void)now;
    struct kind kind;
    if (!key_fields_kind(text, &kind))
        return refuse(error, "--kind", "oauth, api, bearer, openai, cursor or env:VARIABLE", text);
    bool other = kind.id == KIND_ENV;
    cJSON *value = other ? cJSON_CreateObject() : cJSON_CreateString(text);
    if (other && !json_set_string(value, "env", text + 4)) {
        json_destroy(value);
        return -ENOMEM;
    }
    return stored(json_set(entry, "kind", value));
}

static int set_priority(const char *text, int64_t now, cJSON *entry, struct buffer *error)
{
    (void)now;
    char *end;
    errno = 0;
    long priority = strtol(text, &end, 10);
    if (!*text || *end || errno || priority < INT_MIN || priority > INT_MAX)
        return refuse(error, "--priority", "a whole number; lower ones are tried first", text);
    return stored(json_set_integer(entry, "priority", priority));
}

/* Seconds since 1970, or a length of time with its unit; -1 for anything else. */
static int64_t parse_time(const char *text, int64_t now)
{
    char *end;
    int64_t length;
    errno = 0;
    int64_t seconds = strtoll(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && errno == 0)
        return seconds;
    return duration_parse(text, &length) == 0 ? now + length : -1;
}

/* A date is kept as it was written; any other time becomes seconds since 1970. */
static int set_expires(const char *text, int64_t now, cJSON *entry, struct buffer *error)
{
    int64_t epoch;
    bool is_day = keydate_parse(text, &epoch);
    if (!is_day)
        epoch = parse_time(text, now);
    if (epoch < KEYDATE_FIRST || epoch > KEYDATE_LAST)
        return refuse(error, "--expires",
                      "a day such as 2027-03-31, a time from now such as 90d, or seconds since "
                      "1970",
                      text);
    if (epoch <= now)
        return refuse(error, "--expires", "a time to come", text);
    return stored(is_day ? json_set_string(entry, "expires", text)
                         : json_set_integer(entry, "expires", epoch));
}

static int set_text(const char *name, const char *text, cJSON *entry)
{
    return stored(json_set_string(entry, name, text));
}

int key_fields_set(const struct key_fields *fields, int64_t now, cJSON *entry, struct buffer *error)
{
    const struct {
        const char *name, *text;
        int (*set)(const char *text, int64_t now, cJSON *entry, struct buffer *error);
    } rows[] = {
        {"kind", fields->kind, set_kind},
        {"base_url", fields->base_url, NULL},
        {"organization", fields->organization, NULL},
        {"at_most", fields->at_most, NULL},
        {"budget", fields->budget, NULL},
        {"priority", fields->priority, set_priority},
        {"expires", fields->expires, set_expires},
    };
    int r = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && r == 0; i++) {
        if (!rows[i].text)
            continue;
        if (!*rows[i].text && fields->may_remove)
            cJSON_DeleteItemFromObjectCaseSensitive(entry, rows[i].name);
        else
            r = rows[i].set ? rows[i].set(rows[i].text, now, entry, error)
                            : set_text(rows[i].name, rows[i].text, entry);
    }
    if (r == 0 && fields->plain_http)
        r = stored(json_set(entry, "plain_http", cJSON_CreateTrue()));
    return r;
}
