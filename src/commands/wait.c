#include "commands/wait.h"

#include "base/buffer.h"
#include "base/duration.h"
#include "core/render.h"
#include "system/files.h"
#include "system/log.h"
#include "system/signals.h"
#include "system/zone.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_EVERY_SECONDS    600
#define LOOK_AGAIN_SECONDS    60
#define LONGEST_PAUSE_SECONDS 5

static bool shows_countdown(void)
{
    return log_says(LOG_NORMAL) && log_is_text() && isatty(STDERR_FILENO);
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

void wait_over(void)
{
    if (shows_countdown())
        (void)files_write_all(STDERR_FILENO, "\r\033[K", 4);
}

bool wait_a_while(int signal_fd, int64_t until, const char *name, int64_t *last_said)
{
    int64_t end = time(NULL) + LOOK_AGAIN_SECONDS;
    bool terminal = shows_countdown();
    for (int64_t now; (now = time(NULL)) < until && now < end;) {
        struct pollfd ready = {.fd = signal_fd, .events = POLLIN};
        if (signals_end_pending())
            return false;
        if (terminal) {
            show_countdown(until, now, name);
        } else if (now - *last_said >= LINE_EVERY_SECONDS) {
            say_line(until, now, name);
            *last_said = now;
        }
        /* A signal that does not ask to end stays readable: then this is a short sleep. */
        int64_t pause = terminal || until - now < LONGEST_PAUSE_SECONDS ? 1 : LONGEST_PAUSE_SECONDS;
        if (poll(&ready, 1, (int)pause * 1000) > 0 && !signals_end_pending())
            (void)poll(NULL, 0, 200);
    }
    return !signals_end_pending();
}
