#include "system/process/signals_parts.h"

#include <errno.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static sigset_t original_mask;
static struct sigaction original_child;
static bool taken;
static volatile sig_atomic_t caught_stop;

static void note_stop(int signal)
{
    (void)signal;
    caught_stop = 1;
}

/* A child that Ctrl-Z stopped before its exec would keep us in vfork, where we can neither stop nor
 * end. So SIGTSTP is caught, by a handler that its exec puts back to the default. */
static bool catch_stop(void)
{
    const struct sigaction action = {.sa_handler = note_stop, .sa_flags = SA_RESTART};
    struct sigaction before;
    if (sigaction(SIGTSTP, &action, &before) < 0)
        return false;
    if (before.sa_handler == SIG_IGN)
        (void)sigaction(SIGTSTP, &before, NULL);
    return before.sa_handler != SIG_IGN;
}

bool signals_caught_stop(void)
{
    bool caught = caught_stop;
    caught_stop = 0;
    return caught;
}

int signals_begin(sigset_t *watched)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    if (!catch_stop())
        (void)sigdelset(watched, SIGTSTP);
    if (sigprocmask(SIG_BLOCK, watched, &original_mask) < 0 ||
        sigaction(SIGCHLD, &action, &original_child) < 0)
        return -errno;
    taken = true;
    int fd = signalfd(-1, watched, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/* They are blocked all the time. */
void signals_before_fork(void)
{
}

void signals_after_fork(void)
{
}

void signals_give_back(void)
{
    if (!taken)
        return;
    (void)sigaction(SIGCHLD, &original_child, NULL);
    (void)sigprocmask(SIG_SETMASK, &original_mask, NULL);
}

bool signals_waiting(sigset_t *ret_waiting)
{
    return sigpending(ret_waiting) == 0;
}

bool signals_read(int fd, struct signal_info *ret_info)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    *ret_info = (struct signal_info){.number = (int)info.ssi_signo,
                                     .sender = (pid_t)info.ssi_pid,
                                     .by_kernel = info.ssi_code == SI_KERNEL};
    return true;
}

int signals_watch_begin(const sigset_t *watched, struct signals_watch *ret_watch)
{
    struct signals_watch watch = {.watched = *watched};
    if (sigprocmask(SIG_BLOCK, watched, &watch.mask) < 0)
        return -errno;
    watch.fd = signalfd(-1, watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (watch.fd >= 0) {
        *ret_watch = watch;
        return 0;
    }
    int error = errno;
    (void)sigprocmask(SIG_SETMASK, &watch.mask, NULL);
    return -error;
}

void signals_watch_end(struct signals_watch *watch, int raised)
{
    (void)close(watch->fd);
    if (raised)
        (void)raise(raised);
    (void)sigprocmask(SIG_SETMASK, &watch->mask, NULL);
}

void signals_forget(int signal)
{
    const struct timespec at_once = {0};
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    (void)sigtimedwait(&only, NULL, &at_once);
}
