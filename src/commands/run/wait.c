#include "commands/run/wait.h"

#include "base/buffer.h"
#include "base/duration.h"
#include "core/show/render.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/signals.h"
#include "system/zone.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_EVERY_SECONDS    600
#define LONGEST_PAUSE_SECONDS 5

/* In the background somebody else uses the line: nothing is drawn over it. */
static bool is_in_background(void)
{
    pid_t foreground = tcgetpgrp(STDERR_FILENO);
    return foreground >= 0 && foreground != getpgrp();
}

static bool shows_countdown(void)
{
    return log_says(LOG_NORMAL) && log_is_text() && isatty(STDERR_FILENO) && !is_in_background();
}

static void show_countdown(int64_t until, int64_t now, const char *name)
{
    char span[DURATION_TEXT];
    struct buffer line = {0};
    duration_format(until - now, span);
    buffer_append_format(&line, "\r\033[Ktcr-run: waiting for \"%s\", ready at ", name);
    render_time(&line, until, now, &zone_system);
    buffer_append_format(&line, ", in %s (Ctrl-C ends)", span);
    (void)files_write_all(STDERR_FILENO, buffer_text(&line), line.length);
    buffer_finish(&line);
}

static void say_line(int64_t until, int64_t now, const char *name)
{
    char span[DURATION_TEXT];
    struct buffer when = {0};
    duration_format(until - now, span);
    render_time(&when, until, now, &zone_system);
    log_say("waiting for \"%s\", ready at %s (in %s)", name, buffer_text(&when), span);
    buffer_finish(&when);
}

static void say_queue(const struct queue_wait *wait, int64_t now, bool terminal)
{
    char span[DURATION_TEXT];
    struct buffer line = {0};
    if (terminal)
        buffer_append_text(&line, "\r\033[Ktcr-run: ");
    buffer_append_format(&line, "waiting for a free key (--max-per-key %d)", wait->at_most);
    if (wait->ahead > 0)
        buffer_append_format(&line, ", behind %zu other run%s", wait->ahead,
                             wait->ahead == 1 ? "" : "s");
    duration_format(now - wait->since, span);
    if (now > wait->since)
        buffer_append_format(&line, ", since %s", span);
    if (terminal) {
        buffer_append_text(&line, " (Ctrl-C ends)");
        (void)files_write_all(STDERR_FILENO, buffer_text(&line), line.length);
    } else {
        log_say("%s", buffer_text(&line));
    }
    buffer_finish(&line);
}

/* Runs whose turn is near look often; all look within the second in which a key must be taken. */
static int queue_pause(size_t ahead)
{
    return ahead < 15 ? 150 + 50 * (int)ahead : 900;
}

bool wait_in_queue(int signal_fd, struct queue_wait *wait)
{
    struct pollfd ready = {.fd = signal_fd, .events = POLLIN};
    int64_t now = time(NULL);
    bool terminal = shows_countdown();
    bool due = terminal ? now != wait->last_said : now - wait->last_said >= LINE_EVERY_SECONDS;
    if (signals_stop_or_end())
        return false;
    if (due && log_says(LOG_NORMAL)) {
        say_queue(wait, now, terminal);
        wait->last_said = now;
    }
    if (poll(&ready, 1, queue_pause(wait->ahead)) > 0 && !signals_end_pending())
        (void)poll(NULL, 0, 200);
    return !signals_end_pending();
}

void wait_over(void)
{
    if (shows_countdown())
        (void)files_write_all(STDERR_FILENO, "\r\033[K", 4);
}

bool wait_a_while(int signal_fd, int64_t until, const char *name, int64_t longest,
                  int64_t *last_said)
{
    int64_t left = until - time(NULL);
    /* By a clock that is not set back while we wait. */
    int64_t end = clock_now_ms() + (left < longest ? left : longest) * 1000;
    bool terminal = shows_countdown();
    for (int64_t now; (now = time(NULL)) < until && clock_now_ms() < end;) {
        struct pollfd ready = {.fd = signal_fd, .events = POLLIN};
        if (signals_stop_if_asked())
            continue;
        if (signals_end_pending())
            return false;
        if (terminal) {
            show_countdown(until, now, name);
        } else if (now - *last_said >= LINE_EVERY_SECONDS) {
            say_line(until, now, name);
            *last_said = now;
        }
        /* A signal that does not ask to end stays readable: then this is a short sleep. */
        bool soon = terminal || end - clock_now_ms() < LONGEST_PAUSE_SECONDS * 1000;
        int64_t pause = soon ? 1 : LONGEST_PAUSE_SECONDS;
        if (poll(&ready, 1, (int)pause * 1000) > 0 && !signals_end_pending())
            (void)poll(NULL, 0, 200);
    }
    return !signals_end_pending();
}
