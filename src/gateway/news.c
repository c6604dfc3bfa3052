#include "gateway/news.h"

#include "base/buffer.h"
#include "core/gateway/contract.h"
#include "system/clock.h"
#include "system/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMAND        "gateway"
#define MODEL_AGAIN_MS 600000

/* A pipe takes a line of up to this length whole or not at all. */
static void tell(const struct news *news, const char *line, size_t length)
{
    if (news->tell_fd >= 0 && news->is_listening)
        (void)!write(news->tell_fd, line, length);
}

void news_listening(struct news *news)
{
    static const char line[] = GATEWAY_LISTENING "\n";
    news->is_listening = true;
    if (news->tell_fd < 0)
        return;
    int flags = fcntl(news->tell_fd, F_GETFL);
    tell(news, line, sizeof line - 1);
    (void)fcntl(news->tell_fd, F_SETFL, flags | O_NONBLOCK);
}

void news_event(struct news *news, struct event *event)
{
    struct buffer line = {0};
    event->time = time(NULL);
    event->pid = getpid();
    event->command = COMMAND;
    event_print(event, &line);
    if (!line.failed) {
        tell(news, line.data, line.length);
        if (news->log)
            news->log(news->context, line.data);
    }
    buffer_finish(&line);
}

void news_warn(struct news *news, const char *text)
{
    struct event event = {.kind = EVENT_WARNING, .text = text};
    log_warn("gateway: %s", text);
    news_event(news, &event);
}

void news_model(struct news *news, const char *asked, const char *next)
{
    struct buffer text = {0};
    int64_t now = clock_now_ms();
    if (strcmp(news->model, next) == 0 && now < news->model_said + MODEL_AGAIN_MS)
        return;
    snprintf(news->model, sizeof news->model, "%s", next);
    news->model_said = now;
    buffer_append_format(&text, "every key rests for %s; went on with %s", asked, next);
    struct event event = {.kind = EVENT_WARNING, .text = buffer_text(&text)};
    news_event(news, &event);
    buffer_finish(&text);
}

void news_served(struct news *news, const char *key)
{
    for (size_t i = 0; i < news->served_count; i++)
        if (strcmp(news->served[i].name, key) == 0) {
            news->served[i].requests++;
            return;
        }
    struct served *served = realloc(news->served, (news->served_count + 1) * sizeof *served);
    if (!served)
        return;
    news->served = served;
    served += news->served_count++;
    snprintf(served->name, sizeof served->name, "%s", key);
    served->requests = 1;
}

void news_refused(struct news *news)
{
    news->refused++;
}

void news_end(struct news *news)
{
    struct buffer line = {0};
    for (size_t i = 0; i < news->served_count; i++) {
        buffer_clear(&line);
        buffer_append_format(&line, GATEWAY_SERVED " %lu %s\n", news->served[i].requests,
                             news->served[i].name);
        tell(news, buffer_text(&line), line.length);
    }
    buffer_clear(&line);
    if (news->refused > 0)
        buffer_append_format(&line, GATEWAY_REFUSED " %lu\n", news->refused);
    tell(news, buffer_text(&line), line.length);
    buffer_finish(&line);
    if (news->tell_fd >= 0)
        (void)close(news->tell_fd);
    news->tell_fd = -1;
}

void news_finish(struct news *news)
{
    free(news->served);
    news->served = NULL;
    news->served_count = 0;
}
