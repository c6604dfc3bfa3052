#include "gateway/dropped.h"

#include "gateway/gateway.h"

#include <stdio.h>
#include <string.h>

/* The names come from requests, so only so many are reported. */
#define SAID_MOST ((size_t)16 << 10)

void dropped_finish(struct dropped *dropped)
{
    buffer_finish(&dropped->said);
}

/* True once for each name. */
static bool is_new(struct dropped *dropped, const char *name, size_t length)
{
    char line[256];
    snprintf(line, sizeof line, "\n%.*s\n", (int)length, name);
    if (dropped->said.length > SAID_MOST || strstr(buffer_text(&dropped->said), line))
        return false;
    buffer_append_text(&dropped->said, line);
    return !dropped->said.failed;
}

static void say(struct gateway *gateway, const char *key, const char *name, size_t length)
{
    struct buffer text = {0};
    buffer_append_format(&text, "no equivalent in the other provider's format, left out: %.*s",
                         (int)length, name);
    struct event event = {.kind = EVENT_WARNING, .key = key, .text = buffer_text(&text)};
    news_event(&gateway->news, &event);
    buffer_finish(&text);
}

void dropped_say(struct gateway *gateway, const char *key, const char *notes)
{
    for (const char *name = notes; *name;) {
        size_t length = strcspn(name, ",");
        if (is_new(&gateway->dropped, name, length))
            say(gateway, key, name, length);
        name += length;
        name += strspn(name, ", ");
    }
}

static const struct omission *find(const struct dropped *dropped, const char *key,
                                   const char *model)
{
    for (size_t i = 0; i < DROPPED_MODELS; i++)
        if (strcmp(dropped->omissions[i].key, key) == 0 &&
            strcmp(dropped->omissions[i].model, model) == 0)
            return &dropped->omissions[i];
    return NULL;
}

unsigned dropped_known(const struct gateway *gateway, const char *key, const char *model)
{
    const struct omission *known = find(&gateway->dropped, key, model);
    return known ? known->omit : 0;
}

void dropped_learn(struct gateway *gateway, const char *key, const char *model, unsigned omit)
{
    struct dropped *dropped = &gateway->dropped;
    const struct omission *known = find(dropped, key, model);
    size_t at = known ? (size_t)(known - dropped->omissions) : dropped->next++ % DROPPED_MODELS;
    struct omission *omission = &dropped->omissions[at];
    snprintf(omission->key, sizeof omission->key, "%s", key);
    snprintf(omission->model, sizeof omission->model, "%s", model);
    omission->omit = omit;
}
