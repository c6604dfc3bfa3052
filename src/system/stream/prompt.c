#include "system/stream/prompt.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "system/files.h"
#include "system/process/signals.h"
#include "system/stream/ourterminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>

/* How long after a line the rest of a paste may take. */
#define PASTE_MS 50

/* A terminal on which we are asking. */
struct asking {
    int fd;
    struct signals_watch signals;
    const char *question;
    struct termios before;
    int ended_by;
};

static bool would_be_seen(int signal)
{
    struct sigaction action;
    if (signal == SIGCONT)
        return true;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_IGN &&
           (signal == SIGTSTP || signals_is_forwarded(signal));
}

/* Signals arrive through a descriptor meanwhile, so that each finds the terminal restored. */
static int take_signals(struct asking *asking)
{
    sigset_t watched;
    sigemptyset(&watched);
    for (int signal = 1; signal < NSIG; signal++)
        if (would_be_seen(signal))
            sigaddset(&watched, signal);
    return signals_watch_begin(&watched, &asking->signals);
}

/* Does not drain the output first: with a terminal stopped by Ctrl-S, that would wait. */
static int ask(const struct asking *asking)
{
    struct termios silent = asking->before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    silent.c_iflag |= ICRNL;
    if (tcsetattr(asking->fd, TCSANOW, &silent) < 0)
        return -errno;
    return files_write_all(asking->fd, asking->question, strlen(asking->question));
}

static void put_right(const struct asking *asking)
{
    (void)tcsetattr(asking->fd, TCSANOW, &asking->before);
    (void)files_write_all(asking->fd, "\n", 1);
}

/* The shell has used the terminal in between, and its own settings are in place. */
static int stop_and_ask_again(const struct asking *asking)
{
    put_right(asking);
    signals_stop_self(SIGTSTP);
    signals_forget(SIGCONT);
    return ask(asking);
}

static int take_signal(struct asking *asking)
{
    struct signal_info info;
    if (!signals_read(asking->signals.fd, &info))
        return 0;
    if (info.number == SIGTSTP)
        return stop_and_ask_again(asking);
    if (info.number == SIGCONT)
        return ask(asking);
    asking->ended_by = info.number;
    return -EINTR;
}

static int wait_for_line(struct asking *asking)
{
    for (;;) {
        struct pollfd ready[] = {{.fd = asking->signals.fd, .events = POLLIN},
                                 {.fd = asking->fd, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return -errno;
        int r = ready[0].revents ? take_signal(asking) : 0;
        if (r < 0 || (!ready[0].revents && ready[1].revents))
            return r;
    }
}

/* A token that a terminal has wrapped is pasted as two lines. */
static int refuse_more(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, PASTE_MS) <= 0 || !(ready.revents & POLLIN))
        return 0;
    (void)tcflush(fd, TCIFLUSH);
    return -EMSGSIZE;
}

static int read_answer(struct asking *asking, char *line)
{
    size_t length = 0;
    while (length < PROMPT_LONGEST - 1) {
        int r = wait_for_line(asking);
        if (r < 0)
            return r;
        ssize_t n = read(asking->fd, line + length, PROMPT_LONGEST - 1 - length);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        if (n == 0 && length == 0)
            return -ECANCELED;
        length += n > 0 ? (size_t)n : 0;
        if (n == 0 || (length > 0 && line[length - 1] == '\n'))
            break;
    }
    length -= length > 0 && line[length - 1] == '\n';
    line[length] = '\0';
    return length < PROMPT_LONGEST - 1 ? refuse_more(asking->fd) : -EMSGSIZE;
}

static int ask_for_line(struct asking *asking, char *line)
{
    int r = take_signals(asking);
    if (r < 0)
        return r;
    /* Input that was typed for an earlier program is not an answer. */
    (void)tcflush(asking->fd, TCIFLUSH);
    r = ask(asking);
    if (r == 0)
        r = read_answer(asking, line);
    put_right(asking);
    signals_watch_end(&asking->signals, asking->ended_by);
    return r;
}

int prompt_secret(const char *question, char **ret_secret)
{
    struct asking asking = {.question = question};
    CLEANUP_CLOSE int fd = ourterminal_open();
    asking.fd = fd;
    if (fd < 0 || tcgetattr(fd, &asking.before) < 0)
        return -ENOTTY;
    char *line = secret_alloc(PROMPT_LONGEST);
    if (!line)
        return -ENOMEM;
    int r = ask_for_line(&asking, line);
    if (r < 0)
        secret_free(line);
    else
        *ret_secret = line;
    return r;
}

/* Reads again after interruptions, and also from a descriptor that somebody made non-blocking. */
static ssize_t read_some(int fd, char *bytes, size_t size)
{
    for (;;) {
        ssize_t n = read(fd, bytes, size);
        if (n >= 0)
            return n;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (errno == EAGAIN)
            (void)poll(&ready, 1, -1);
        else if (errno != EINTR)
            return -errno;
    }
}

static int read_line(int fd, size_t most, char *line)
{
    size_t length = 0;
    for (;;) {
        char c;
        ssize_t n = read_some(fd, &c, 1);
        if (n < 0 || (n == 0 && length == 0))
            return n < 0 ? (int)n : -ENODATA;
        if (n == 0 || c == '\n')
            break;
        if (length == most)
            return -EFBIG;
        line[length++] = c;
    }
    length -= length > 0 && line[length - 1] == '\r';
    line[length] = '\0';
    return 0;
}

int prompt_read_line(int fd, size_t most, char **ret_line)
{
    char *line = secret_alloc(most + 1);
    if (!line)
        return -ENOMEM;
    int r = read_line(fd, most, line);
    if (r < 0)
        secret_free(line);
    else
        *ret_line = line;
    return r;
}

int prompt_read_all(int fd, size_t most, char **ret_bytes, size_t *ret_length)
{
    size_t length = 0;
    ssize_t n = 1;
    char *bytes = secret_alloc(most + 1);
    if (!bytes)
        return -ENOMEM;
    while (n > 0 && length <= most) {
        n = read_some(fd, bytes + length, most + 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (n < 0 || length > most) {
        secret_free(bytes);
        return n < 0 ? (int)n : -EFBIG;
    }
    bytes[length] = '\0';
    *ret_bytes = bytes;
    *ret_length = length;
    return 0;
}
