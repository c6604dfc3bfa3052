#include "core/show/eventtext.h"

#include "base/duration.h"
#include "base/text.h"
#include "core/show/render.h"

#include <stdio.h>
#include <string.h>

/* A gateway is no command: what befalls a key there befalls one of its requests. */
static bool is_of_gateway(const struct event *event)
{
    return event->command && strcmp(event->command, "gateway") == 0;
}

static const char *command_of(const struct event *event)
{
    return event->command ? event->command : "a command";
}

static const char *key_of(const struct event *event)
{
    return event->key ? event->key : "?";
}

/* `"home" reached its session limit (resets 23:21)` */
static void append_failure(struct buffer *text, const struct event *event,
                           const struct zone_ops *zones)
{
    struct finding finding = {.class = event->class};
    snprintf(finding.what, sizeof finding.what, "%s", event->what ? event->what : "");
    buffer_append_format(text, "\"%s\" ", key_of(event));
    render_failure(text, &finding);
    if (event->until > event->time)
        render_rest(text, event->class, !event->assumed, event->until, event->time, zones);
}

/* ` after 1h 12m`; tenths of a second for what is short. */
static void append_duration(struct buffer *text, const struct event *event)
{
    char span[DURATION_TEXT];
    if (event->duration_ms <= 0)
        return;
    duration_format(event->duration_ms / 1000, span);
    if (event->duration_ms < 10000)
        buffer_append_format(text, " after %lld.%llds", (long long)event->duration_ms / 1000,
                             (long long)event->duration_ms / 100 % 10);
    else
        buffer_append_format(text, " after %s", span);
}

/* `claude failed with status 1 after 12s` */
static void append_end(struct buffer *text, const struct event *event)
{
    if (event->signal > 0)
        buffer_append_format(text, "%s was ended by signal %lld", command_of(event),
                             (long long)event->signal);
    else
        buffer_append_format(text, "%s failed with status %lld", command_of(event),
                             (long long)event->status);
    append_duration(text, event);
}

/* Follows what happened to its key; nothing if the command was not run, or ended well. */
static void append_end_behind(struct buffer *text, const struct event *event)
{
    if (event->signal <= 0 && event->status == 0)
        return;
    buffer_append_text(text, "; ");
    append_end(text, event);
}

static void say_attempt(struct buffer *text, const struct event *event,
                        const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_format(text, "%s was started with %s\"%s\"%s", command_of(event),
                         event->master ? "the master key " : "", key_of(event),
                         event->master ? ", which is billed" : "");
}

/* Through a gateway: `; requests: 3 with home, 41 with work` */
static void append_served(struct buffer *text, const struct event *event)
{
    if (event->text)
        buffer_append_format(text, "; requests: %s", event->text);
}

static void say_success(struct buffer *text, const struct event *event,
                        const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_format(text, "%s ended well", command_of(event));
    if (event->key)
        buffer_append_format(text, " with %s\"%s\"", event->master ? "the master key " : "",
                             event->key);
    append_duration(text, event);
    append_served(text, event);
}

static void say_failed(struct buffer *text, const struct event *event, const struct zone_ops *zones)
{
    (void)zones;
    append_end(text, event);
    if (event->text)
        append_served(text, event);
    else if (event->key)
        buffer_append_format(text, "; that costs \"%s\" nothing", event->key);
}

/* Without a key: a gateway found all keys at rest when the request came. */
static void say_failover(struct buffer *text, const struct event *event,
                         const struct zone_ops *zones)
{
    if (event->key)
        append_failure(text, event, zones);
    else
        buffer_append_text(text, "no key of the pool could be used");
    if (event->next)
        buffer_append_format(text, "; carried on with %s\"%s\"%s",
                             event->master ? "the master key " : "", event->next,
                             event->master ? ", which is billed" : "");
}

static void say_retry(struct buffer *text, const struct event *event, const struct zone_ops *zones)
{
    append_failure(text, event, zones);
    buffer_append_text(text, "; tried again");
}

static void say_exhausted(struct buffer *text, const struct event *event,
                          const struct zone_ops *zones)
{
    if (event->key) {
        append_failure(text, event, zones);
        buffer_append_text(text, "; no other key was left");
        append_end_behind(text, event);
        return;
    }
    buffer_append_format(text, "no key could be used for %s",
                         is_of_gateway(event) ? "a request" : command_of(event));
    if (event->until <= event->time)
        return;
    buffer_append_text(text, "; the first is ready at ");
    render_time(text, event->until, event->time, zones);
}

static void say_stopped(struct buffer *text, const struct event *event,
                        const struct zone_ops *zones)
{
    append_failure(text, event, zones);
    buffer_append_text(text, is_of_gateway(event) ? "; whoever asked had left by then"
                                                  : "; the run ended there");
    append_end_behind(text, event);
}

static void say_wait(struct buffer *text, const struct event *event, const struct zone_ops *zones)
{
    if (!event->key) {
        buffer_append_format(text, "%s waits for a free key", command_of(event));
        return;
    }
    buffer_append_format(text, "%s waits for \"%s\", ready at ", command_of(event), key_of(event));
    render_time(text, event->until, event->time, zones);
}

static void say_warning(struct buffer *text, const struct event *event,
                        const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_text(text, "warning: ");
    if (event->key)
        buffer_append_format(text, "\"%s\": ", event->key);
    buffer_append_text(text, event->text ? event->text : "");
}

static void say_recovered(struct buffer *text, const struct event *event,
                          const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_format(text, "the rest of \"%s\" ended early: %s", key_of(event),
                         event->text ? event->text : "");
}

static void say_reset(struct buffer *text, const struct event *event, const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_format(text, "the rests and failures of \"%s\" were forgotten", key_of(event));
}

static void say_overage(struct buffer *text, const struct event *event,
                        const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_format(text, "warning: \"%s\" is beyond its plan: the provider bills extra usage",
                         key_of(event));
}

static void say_other(struct buffer *text, const struct event *event, const struct zone_ops *zones)
{
    (void)zones;
    buffer_append_text(text, event->name ? event->name : "?");
    if (event->key)
        buffer_append_format(text, " \"%s\"", event->key);
    if (event->text)
        buffer_append_format(text, ": %s", event->text);
}

static void (*const sentences[EVENT_COUNT])(struct buffer *, const struct event *,
                                            const struct zone_ops *) = {
    [EVENT_OTHER] = say_other,         [EVENT_ATTEMPT] = say_attempt,
    [EVENT_SUCCESS] = say_success,     [EVENT_FAILED] = say_failed,
    [EVENT_FAILOVER] = say_failover,   [EVENT_RETRY] = say_retry,
    [EVENT_EXHAUSTED] = say_exhausted, [EVENT_STOPPED] = say_stopped,
    [EVENT_WAIT] = say_wait,           [EVENT_WARNING] = say_warning,
    [EVENT_RESET] = say_reset,         [EVENT_RECOVERED] = say_recovered,
    [EVENT_OVERAGE] = say_overage,     [EVENT_MESSAGE] = say_other,
    [EVENT_EXPLANATION] = say_other,
};

void eventtext_append_sentence(struct buffer *text, const struct event *event,
                               const struct zone_ops *zones)
{
    size_t start = text->length;
    sentences[event->kind](text, event, zones);
    if (text->length > start)
        text_replace_controls(text->data + start, text->length - start, ' ');
}

void eventtext_append(struct buffer *text, const struct event *event, const struct zone_ops *zones)
{
    render_stamp(text, event->time, zones);
    buffer_append_text(text, "  ");
    eventtext_append_sentence(text, event, zones);
}
