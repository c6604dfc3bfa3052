#include "base/cleanup.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/status/status.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/signals.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define EVERY_MS 1000

/* The alternate screen, no cursor, no wrapping; and back. */
static const char begin_codes[] = "\033[?1049h\033[?25l\033[?7l";
static const char end_codes[] = "\033[?7h\033[?25h\033[?1049l";

struct watching {
    struct pool *pool;
    int signal_fd;
    bool has_keys; /* stdin is the terminal */
    struct termios before;
    size_t first_row, page; /* number of keys that are shown */
};

/* Why the wait for the next frame ended. */
enum wake { WAKE_REDRAW, WAKE_RESUME, WAKE_STOP, WAKE_QUIT, WAKE_DIE };

static int put(const char *text, size_t length)
{
    return files_write_out(STDOUT_FILENO, text, length, &command_host);
}

static void enter(const struct watching *watch)
{
    struct termios settings = watch->before;
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    if (watch->has_keys)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
    (void)put(begin_codes, sizeof begin_codes - 1);
}

/* Input that was typed meanwhile is not left for the shell. */
static void leave(const struct watching *watch)
{
    (void)put(end_codes, sizeof end_codes - 1);
    if (watch->has_keys)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &watch->before);
}

static void append_clock(struct buffer *text, int64_t now, size_t columns)
{
    char line[64];
    struct tm civil;
    time_t seconds = (time_t)now;
    if (!localtime_r(&seconds, &civil))
        civil = (struct tm){0};
    strftime(line, sizeof line, "%H:%M:%S  q ends", &civil);
    screen_append_cut(text, line, columns ? columns : sizeof line);
    buffer_append_char(text, '\n');
}

/* Each line clears the rest of the earlier frame's. The last one has no line end, which would
 * scroll. */
static void append_frame(struct buffer *frame, const char *lines)
{
    buffer_append_text(frame, "\033[H");
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        buffer_append(frame, lines, length);
        buffer_append_text(frame, "\033[K");
        lines += length + (lines[length] == '\n');
        if (*lines)
            buffer_append_char(frame, '\n');
    }
    buffer_append_text(frame, "\033[J");
}

static int draw(struct watching *watch)
{
    struct status_view view;
    struct buffer text = {0}, frame = {0};
    struct screen screen = screen_look();
    if (!status_look(watch->pool, &view))
        return -ENOMEM;
    append_clock(&text, view.now, screen.columns);
    if (screen.rows > 0)
        screen.rows = screen.rows > 2 ? screen.rows - 1 : 1; /* one row for the clock */
    view.first_row = watch->first_row;
    status_append_table(&text, &view, &screen);
    watch->first_row = view.first_row;
    watch->page = view.page;
    append_frame(&frame, buffer_text(&text));
    int r = text.failed || frame.failed ? -ENOMEM : put(buffer_text(&frame), frame.length);
    buffer_finish(&text);
    buffer_finish(&frame);
    return r;
}

static enum wake read_signal(int fd, int *ret_signal)
{
    struct signal_info info;
    if (!signals_read(fd, &info))
        return WAKE_REDRAW;
    switch (info.number) {
    case SIGWINCH:
    case SIGCHLD:
        return WAKE_REDRAW;
    case SIGCONT:
        return WAKE_RESUME;
    case SIGTSTP:
        return WAKE_STOP;
    default:
        *ret_signal = info.number;
        return WAKE_DIE;
    }
}

/* Arrows, pages, and the letters of less(1); a terminal sends either form of an arrow. */
static void scroll(struct watching *watch, const char *keys, size_t length)
{
    static const struct {
        const char *keys;
        enum { LINE_UP, LINE_DOWN, PAGE_UP, PAGE_DOWN, TO_TOP, TO_END } move;
    } moves[] = {
        {"\033[A", LINE_UP},    {"\033OA", LINE_UP}, {"k", LINE_UP},       {"\033[B", LINE_DOWN},
        {"\033OB", LINE_DOWN},  {"j", LINE_DOWN},    {"\033[5~", PAGE_UP}, {"b", PAGE_UP},
        {"\033[6~", PAGE_DOWN}, {" ", PAGE_DOWN},    {"\033[H", TO_TOP},   {"\033OH", TO_TOP},
        {"\033[1~", TO_TOP},    {"g", TO_TOP},       {"\033[F", TO_END},   {"\033OF", TO_END},
        {"\033[4~", TO_END},    {"G", TO_END},
    };
    size_t *first = &watch->first_row, page = watch->page > 1 ? watch->page - 1 : 1;
    for (size_t at = 0; at < length;) {
        size_t i = 0, own = 1;
        for (; i < sizeof moves / sizeof moves[0]; i++) {
            own = strlen(moves[i].keys);
            if (length - at >= own && memcmp(keys + at, moves[i].keys, own) == 0)
                break;
        }
        if (i == sizeof moves / sizeof moves[0]) {
            at++;
            continue;
        }
        at += own;
        size_t step = moves[i].move == PAGE_UP || moves[i].move == PAGE_DOWN ? page : 1;
        if (moves[i].move == TO_TOP || moves[i].move == TO_END)
            *first = moves[i].move == TO_TOP ? 0 : SIZE_MAX;
        else if (moves[i].move == LINE_UP || moves[i].move == PAGE_UP)
            *first = *first > step ? *first - step : 0;
        else
            *first = *first < SIZE_MAX - step ? *first + step : SIZE_MAX;
    }
}

static enum wake read_keys(struct watching *watch)
{
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return WAKE_REDRAW;
    if (n <= 0) /* the terminal is gone */
        return WAKE_QUIT;
    bool ends = memchr(keys, 'q', (size_t)n) || memchr(keys, 'Q', (size_t)n) ||
                memchr(keys, '\004', (size_t)n);
    scroll(watch, keys, (size_t)n);
    return ends ? WAKE_QUIT : WAKE_REDRAW;
}

static enum wake await(struct watching *watch, int *ret_signal)
{
    struct pollfd ready[] = {{.fd = watch->signal_fd, .events = POLLIN},
                             {.fd = watch->has_keys ? STDIN_FILENO : -1, .events = POLLIN}};
    if (poll(ready, 2, EVERY_MS) <= 0)
        return WAKE_REDRAW;
    if (ready[0].revents)
        return read_signal(watch->signal_fd, ret_signal);
    return read_keys(watch);
}

/* Returns 0 if a key ended it, the signal that ended it, or a negative errno. */
static int show(struct watching *watch)
{
    int signal = 0;
    for (;;) {
        int r = draw(watch);
        if (r < 0)
            return r;
        switch (await(watch, &signal)) {
        case WAKE_QUIT:
            return 0;
        case WAKE_DIE:
            return signal;
        case WAKE_STOP:
            leave(watch);
            signals_stop_self(SIGTSTP);
            enter(watch);
            break;
        case WAKE_RESUME: /* after SIGSTOP, which comes without warning */
            enter(watch);
            break;
        case WAKE_REDRAW:
            break;
        }
    }
}

int status_watch(struct pool *pool)
{
    struct watching watch = {.pool = pool};
    struct status_view first;
    if (!screen_can_move()) {
        log_say("status: --watch needs a terminal that can be redrawn; without one, repeat "
                "tcr-run status");
        return EXIT_OWN_FAILURE;
    }
    if (!status_look(pool, &first)) /* complaints are printed on the screen that stays */
        return EXIT_OWN_FAILURE;
    watch.signal_fd = signals_take_over();
    if (watch.signal_fd < 0) {
        log_say("status: cannot take over signals: %s", strerror(-watch.signal_fd));
        return EXIT_OWN_FAILURE;
    }
    CLEANUP_CLOSE int signal_fd = watch.signal_fd;
    (void)signal_fd; /* closed when the watch ends */
    watch.has_keys = tcgetattr(STDIN_FILENO, &watch.before) == 0;
    log_set_level(LOG_QUIET);
    enter(&watch);
    int r = show(&watch);
    leave(&watch);
    log_set_level(LOG_NORMAL);
    if (r > 0)
        signals_die_of(r);
    if (r < 0)
        log_say("status: the screen cannot be drawn: %s", strerror(-r));
    return r < 0 ? EXIT_OWN_FAILURE : 0;
}
