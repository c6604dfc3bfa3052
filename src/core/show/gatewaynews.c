#include "core/show/gatewaynews.h"

#include "core/gateway/contract.h"
#include "core/show/render.h"
#include "core/state/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_name(char name[GATEWAYNEWS_NAME], const char *text)
{
    snprintf(name, GATEWAYNEWS_NAME, "%s", text);
}

static void drop_failure(struct gatewaynews *news, const char *key)
{
    for (size_t i = 0; i < news->failure_count; i++) {
        if (strcmp(news->failures[i].key, key) != 0)
            continue;
        news->failure_count--;
        memmove(&news->failures[i], &news->failures[i + 1],
                (news->failure_count - i) * sizeof news->failures[0]);
        return;
    }
}

static void note_failure(struct gatewaynews *news, const struct event *event)
{
    drop_failure(news, event->key);
    if (news->failure_count == GATEWAYNEWS_MOST)
        return;
    struct gatewaynews_failure *failure = &news->failures[news->failure_count++];
    *failure = (struct gatewaynews_failure){
        .finding = {.class = event->class, .until = event->until}, .at = event->time};
    set_name(failure->key, event->key);
    snprintf(failure->finding.what, sizeof failure->finding.what, "%s",
             event->what ? event->what : "");
    if (event->model && *event->model) {
        failure->finding.scope = SCOPE_MODEL;
        snprintf(failure->finding.model, sizeof failure->finding.model, "%s", event->model);
    }
}

static void read_event(struct gatewaynews *news, const char *line, size_t length)
{
    struct event event;
    if (event_parse(line, length, &event) < 0)
        return;
    bool fails = event.kind == EVENT_FAILOVER || event.kind == EVENT_EXHAUSTED;
    if (fails && event.key && event.class != CLASS_NONE)
        note_failure(news, &event);
    news->exhausted |= event.kind == EVENT_EXHAUSTED;
    if (event.master && (event.next || event.key))
        set_name(news->master, event.next ? event.next : event.key);
    event_finish(&event);
}

/* "served N NAME" */
static void read_served(struct gatewaynews *news, const char *text)
{
    char *rest;
    unsigned long requests = strtoul(text, &rest, 10);
    if (rest == text || *rest != ' ' || news->served_count == GATEWAYNEWS_MOST)
        return;
    for (size_t i = 0; i < news->served_count; i++)
        if (strcmp(news->served[i].key, rest + 1) == 0) {
            news->served[i].requests += requests;
            return;
        }
    struct gatewaynews_served *served = &news->served[news->served_count++];
    set_name(served->key, rest + 1);
    served->requests = requests;
}

static const char *after(const char *line, const char *word)
{
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

void gatewaynews_read(struct gatewaynews *news, const char *line, size_t length)
{
    char text[GATEWAYNEWS_NAME + 64];
    if (length > 0 && line[0] == '{') {
        read_event(news, line, length);
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)(length < sizeof text ? length : sizeof text), line);
    const char *rest;
    if (strcmp(text, GATEWAY_LISTENING) == 0)
        news->listening = true;
    else if ((rest = after(text, GATEWAY_SERVED)))
        read_served(news, rest);
    else if ((rest = after(text, GATEWAY_REFUSED)))
        news->refused += strtoul(rest, NULL, 10);
}

unsigned long gatewaynews_requests(const struct gatewaynews *news)
{
    unsigned long sum = news->refused;
    for (size_t i = 0; i < news->served_count; i++)
        sum += news->served[i].requests;
    return sum;
}

static void append_failures(const struct gatewaynews *news, int64_t now,
                            const struct zone_ops *zones, struct buffer *text)
{
    for (size_t i = 0; i < news->failure_count; i++) {
        const struct gatewaynews_failure *failure = &news->failures[i];
        buffer_append_format(text, "%s\"%s\" ", i > 0 ? ", " : "", failure->key);
        render_failure(text, &failure->finding);
        buffer_append_text(text, " at ");
        render_time(text, failure->at, now, zones);
    }
}

static const char *plural(unsigned long count)
{
    return count == 1 ? "" : "s";
}

/* With every key but the one that failed first. */
static void append_served(const struct gatewaynews *news, struct buffer *text)
{
    const char *first = news->failure_count > 0 ? news->failures[0].key : "";
    bool any = false;
    for (size_t i = 0; i < news->served_count; i++) {
        const struct gatewaynews_served *served = &news->served[i];
        bool master = strcmp(served->key, news->master) == 0;
        if (strcmp(served->key, first) == 0 || served->requests == 0 ||
            (news->failure_count == 0 && !master))
            continue;
        if (any)
            buffer_append_format(text, ", %lu used ", served->requests);
        else
            buffer_append_format(text, "%s%lu request%s used ", text->length ? "; " : "",
                                 served->requests, plural(served->requests));
        buffer_append_format(text, "%s\"%s\"%s", master ? "the master key " : "", served->key,
                             master ? ", which is billed" : "");
        any = true;
    }
}

void gatewaynews_tell(const struct gatewaynews *news, int64_t now, const struct zone_ops *zones,
                      struct buffer *text)
{
    struct buffer line = {0};
    append_failures(news, now, zones, &line);
    append_served(news, &line);
    if (news->refused > 0)
        buffer_append_format(&line, "%s%lu request%s found no key left", line.length ? "; " : "",
                             news->refused, plural(news->refused));
    buffer_append(text, buffer_text(&line), line.length);
    buffer_finish(&line);
}
