#include "system/process/signals_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static sigset_t watched;
static bool taken;

/* Never forwarded: signals that cannot be caught, our own faults, and those that the terminal or
 * the kernel sends to the whole process group or because of us. */
static const int never_forwarded[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                      SIGABRT, SIGTRAP, SIGSYS,  SIGCHLD, SIGURG, SIGWINCH,
                                      SIGTTIN, SIGTTOU, SIGTSTP, SIGCONT};

static bool was_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) < 0 || action.sa_handler == SIG_IGN;
}

bool signals_is_forwarded(int signal)
{
    if (signal >= SIGRTMIN)
        return true; /* a command that was started with it ignored still ignores it */
    for (size_t i = 0; i < sizeof never_forwarded / sizeof never_forwarded[0]; i++)
        if (never_forwarded[i] == signal)
            return false;
    return !was_ignored(signal);
}

int signals_take_over(void)
{
    sigemptyset(&watched);
    for (int signal = 1; signal <= SIGRTMAX; signal++)
        if (signals_is_forwarded(signal))
            sigaddset(&watched, signal);
    sigaddset(&watched, SIGTSTP);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGCONT);
    sigaddset(&watched, SIGWINCH);
    int fd = signals_begin(&watched);
    taken = fd >= 0;
    return fd;
}

bool signals_asks_to_end(int signal)
{
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

static bool waits(const sigset_t *pending, int signal)
{
    return sigismember(pending, signal) == 1 && sigismember(&watched, signal) == 1;
}

static int end_among(const sigset_t *pending)
{
    for (int signal = 1; signal < SIGRTMIN; signal++)
        if (signals_asks_to_end(signal) && waits(pending, signal))
            return signal;
    return 0;
}

int signals_end_pending(void)
{
    sigset_t pending;
    return taken && signals_waiting(&pending) ? end_among(&pending) : 0;
}

void signals_stop_self(int signal)
{
    struct sigaction action = {.sa_handler = SIG_DFL}, before;
    sigset_t only, mask;
    sigemptyset(&only);
    sigaddset(&only, signal);
    if (signal == SIGSTOP || sigaction(signal, &action, &before) < 0) {
        (void)raise(SIGSTOP);
        return;
    }
    signals_forget(signal);
    (void)sigprocmask(SIG_BLOCK, &only, &mask);
    (void)raise(signal);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL); /* stops here */
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    (void)sigaction(signal, &before, NULL);
}

static bool stop_among(const sigset_t *pending)
{
    bool stops = waits(pending, SIGTSTP);
    if (stops)
        signals_stop_self(SIGTSTP);
    return stops;
}

bool signals_stop_if_asked(void)
{
    sigset_t pending;
    return taken && signals_waiting(&pending) && stop_among(&pending);
}

int signals_stop_or_end(void)
{
    sigset_t pending;
    if (!taken || !signals_waiting(&pending))
        return 0;
    return stop_among(&pending) ? signals_end_pending() : end_among(&pending);
}

_Noreturn void signals_die_of(int signal)
{
    const struct rlimit no_core = {0, 0};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t only;
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)sigaction(signal, &action, NULL);
    sigemptyset(&only);
    sigaddset(&only, signal);
    (void)raise(signal);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(128 + signal);
}
