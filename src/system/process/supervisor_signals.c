#include "system/process/supervisor_parts.h"

#include "system/process/signals.h"
#include "system/stream/terminal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

void supervisor_send(const struct running *running, int signal)
{
    if (!running->ended && running->pid > 0)
        (void)kill(running->pid, signal);
}

/* Children come in no order and signals coalesce: reap until nothing is left. The other children
 * are what `exec` left to us, or the orphans of process 1. */
static void reap(struct running *running)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (pid != running->pid || running->ended)
            continue;
        if (WIFSTOPPED(status)) {
            signals_stop_self(WSTOPSIG(status));
            supervisor_send(running, SIGCONT);
        } else {
            supervisor_note_end(running, status);
        }
    }
}

/* The terminal sends its signals to the whole process group: a command that is still in ours has
 * them already (one under timeout is not). But the kernel tells only the leader of the session that
 * the terminal is gone, and whatever else it sends (for an alarm set before our start, say) reaches
 * us alone. */
static bool has_it_already(const struct running *running, const struct signal_info *info)
{
    int signal = info->number;
    bool to_group = signal == SIGINT || signal == SIGQUIT || signal == SIGTSTP ||
                    (signal == SIGHUP && getsid(0) != getpid());
    return info->by_kernel && to_group && getpgid(running->pid) == getpgrp();
}

/* The terminal told the whole process group of its new size, perhaps before the command's own
 * terminal had it. Once that has it, the group is told again. */
static void resize(const struct running *running)
{
    bool changed = false;
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        const struct relay *relay = running->plan->relays[i];
        if (relay && relay->kind == RELAY_TERMINAL && relay->source >= 0)
            changed |= terminal_copy_size(relay->like, relay->source);
    }
    if (changed)
        (void)kill(0, SIGWINCH);
}

static void take_signal(struct running *running, const struct signal_info *info)
{
    int signal = info->number;
    if (signal == SIGCHLD) {
        reap(running);
    } else if (signal == SIGWINCH) {
        resize(running);
    } else if ((signal == SIGPIPE || signal == SIGXFSZ) &&
               (info->by_kernel || info->sender == getpid())) {
        return; /* from our own write, which saw EPIPE or EFBIG */
    } else if (signal == SIGTSTP && running->ended) {
        signals_stop_self(signal); /* no command is left whose stop would stop us */
    } else {
        running->result->asked_to_end |= signals_asks_to_end(signal);
        if (running->ended && signals_asks_to_end(signal))
            running->result->ended_by = signal;
        if (!has_it_already(running, info))
            supervisor_send(running, signal);
    }
}

void supervisor_take_signals(struct running *running)
{
    struct signal_info info;
    while (signals_read(running->plan->signal_fd, &info))
        take_signal(running, &info);
}
