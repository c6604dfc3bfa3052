#include "system/process/signals_parts.h"

#include "system/descriptor.h"
#include "system/process/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#define TRIES 100 /* to write what always has room */

/* A handler writes what came to a pipe of our own, where it waits to be read. As in the kernel, one
 * of each number waits at most; so the pipe never fills. Calls that SA_RESTART does not restart,
 * poll among them, say EINTR meanwhile. */
static int ends[2] = {-1, -1};
static volatile sig_atomic_t waits[SIGNALS_END];

static bool begun; /* signals_begin */
static sigset_t original_mask, taken, held;
static struct sigaction originals[SIGNALS_END]; /* of signals_begin */
static struct sigaction before[SIGNALS_END];    /* of signals_watch_begin */
static volatile sig_atomic_t stop_came;

/* A signal must not be lost. There is always room; what fails nevertheless is tried again. */
static void write_surely(const void *bytes, size_t length)
{
    for (int i = 0; i < TRIES && write(ends[1], bytes, length) < 0; i++)
        ;
}

/* What a terminal sends when it is typed. */
static bool asks_group(int signal)
{
    return signal == SIGINT || signal == SIGQUIT || signal == SIGTSTP;
}

/* macOS has no code for it, and names nobody for what it sends, nor where it has lost the name; of
 * what is typed at a terminal facts_types tells more. */
static bool is_by_kernel(int signal, const siginfo_t *from)
{
#ifdef SI_KERNEL
    (void)signal;
    return from->si_code == SI_KERNEL;
#else
    return from->si_pid == 0 && !asks_group(signal);
#endif
}

static void note(int signal, siginfo_t *from, void *context)
{
    const int error = errno;
    (void)context;
    if (signal == SIGTSTP)
        stop_came = 1;
    if (!waits[signal]) {
        const struct signal_info info = {
            .number = signal, .sender = from->si_pid, .by_kernel = is_by_kernel(signal, from)};
        waits[signal] = 1;
        write_surely(&info, sizeof info);
    }
    errno = error;
}

/* Our own opening of the end that is read stays: a write by the handler must not fail. */
static int open_pipe(void)
{
    if (ends[0] < 0 && descriptor_pipe(ends, O_NONBLOCK) < 0)
        return -errno;
    int fd = fcntl(ends[0], F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* All are blocked while one is caught: only one is written at a time. */
static void catch_each(const sigset_t *watched, struct sigaction *ret_before)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    (void)sigfillset(&action.sa_mask);
    for (int signal = 1; signal < SIGNALS_END; signal++)
        if (sigismember(watched, signal) == 1)
            (void)sigaction(signal, &action, &ret_before[signal]);
}

static void put_back(const sigset_t *watched, const struct sigaction *actions)
{
    for (int signal = 1; signal < SIGNALS_END; signal++)
        if (sigismember(watched, signal) == 1)
            (void)sigaction(signal, &actions[signal], NULL);
}

int signals_begin(sigset_t *watched)
{
    int fd = open_pipe();
    if (fd < 0)
        return fd;
    begun = true;
    catch_each(watched, originals);
    if (originals[SIGTSTP].sa_handler == SIG_IGN) {
        (void)sigaction(SIGTSTP, &originals[SIGTSTP], NULL);
        (void)sigdelset(watched, SIGTSTP);
    }
    taken = *watched;
    if (sigprocmask(SIG_UNBLOCK, watched, &original_mask) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    return -error;
}

void signals_before_fork(void)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &held);
    stop_came = waits[SIGTSTP]; /* nobody has stopped for it yet */
}

void signals_after_fork(void)
{
    (void)sigprocmask(SIG_SETMASK, &held, NULL);
}

static void pass_over(int signal)
{
    (void)signal;
}

/* Ctrl-Z before the exec must not stop the child: we wait for that. It is sent again then. */
void signals_give_back(void)
{
    if (!begun) {
        signals_after_fork();
        return;
    }
    const struct sigaction nothing = {.sa_handler = pass_over};
    put_back(&taken, originals);
    if (sigismember(&taken, SIGTSTP) == 1)
        (void)sigaction(SIGTSTP, &nothing, NULL);
    (void)sigprocmask(SIG_SETMASK, &original_mask, NULL);
}

bool signals_caught_stop(void)
{
    bool came = stop_came;
    stop_came = 0;
    return came;
}

bool signals_waiting(sigset_t *ret_waiting)
{
    (void)sigemptyset(ret_waiting);
    for (int signal = 1; signal < SIGNALS_END; signal++)
        if (waits[signal])
            (void)sigaddset(ret_waiting, signal);
    return true;
}

bool signals_read(int fd, struct signal_info *ret_info)
{
    struct signal_info info;
    for (;;) {
        ssize_t n = read(fd, &info, sizeof info);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof info)
            return false;
        if (waits[info.number]) /* else it was forgotten meanwhile */
            break;
    }
    waits[info.number] = 0;
    *ret_info = info;
    ret_info->by_kernel = info.by_kernel || (asks_group(info.number) && facts_types(info.sender));
    return true;
}

int signals_watch_begin(const sigset_t *watched, struct signals_watch *ret_watch)
{
    struct signals_watch watch = {.watched = *watched};
    watch.fd = open_pipe();
    if (watch.fd < 0)
        return watch.fd;
    catch_each(watched, before);
    (void)sigprocmask(SIG_UNBLOCK, watched, &watch.mask);
    *ret_watch = watch;
    return 0;
}

void signals_watch_end(struct signals_watch *watch, int raised)
{
    (void)close(watch->fd);
    (void)sigprocmask(SIG_BLOCK, &watch->watched, NULL);
    put_back(&watch->watched, before);
    if (raised)
        (void)raise(raised);
    (void)sigprocmask(SIG_SETMASK, &watch->mask, NULL);
}

void signals_forget(int signal)
{
    waits[signal] = 0;
}
