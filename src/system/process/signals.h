/* What the process was given for signals, kept so that every child gets exactly that, and one
 * descriptor through which they arrive meanwhile. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Keeps what is to be forwarded from being delivered, gives SIGCHLD its default back (a parent may
 * have left it ignored: then no exit status could be learned) and opens a descriptor that is
 * readable while a signal waits. Once, before the first fork. Returns the descriptor or a negative
 * errno. */
int signals_take_over(void);

/* Around a fork: until both have returned, or the child has given back, no signal is delivered. */
void signals_before_fork(void);
void signals_after_fork(void);

/* In a child, after fork: mask and dispositions as they were before signals_take_over. */
void signals_give_back(void);

struct signal_info {
    int number;
    pid_t sender;
    bool by_kernel; /* the terminal's, say */
};

/* Takes one that waits. False if none does. */
bool signals_read(int fd, struct signal_info *ret_info);

/* As signals_take_over, for these signals and for a while; `fd` is readable while one waits.
 * Returns 0 or a negative errno. */
struct signals_watch {
    int fd;
    sigset_t watched, mask;
};
int signals_watch_begin(const sigset_t *watched, struct signals_watch *ret_watch);

/* Everything as it was; `raised`, if it is not 0, is for whoever has this signal then. */
void signals_watch_end(struct signals_watch *watch, int raised);

/* One that waits is gone. */
void signals_forget(int signal);

/* After a spawn: true, once, if Ctrl-Z came before the child had become the command, and so did not
 * stop it. */
bool signals_caught_stop(void);

/* True for a signal that the command is to be sent when somebody sends it to us: its default is
 * death, it was not ignored at start, and it does not tell of a fault of our own. */
bool signals_is_forwarded(int signal);

/* The signal that asks to end (INT, TERM, HUP, QUIT) and waits to be read; 0 if none does. */
int signals_end_pending(void);
bool signals_asks_to_end(int signal);

/* Ctrl-Z, while there is no command that would stop and so stop us: stops if that waits to be done.
 * True if it did, and was continued. */
bool signals_stop_if_asked(void);

/* The same, then signals_end_pending. */
int signals_stop_or_end(void);

/* Stops this process the way `signal` stops one, until somebody continues it. */
void signals_stop_self(int signal);

/* Ends this process by `signal`, without a core dump; exits 128 + signal where it does not die of
 * it (as process 1). */
_Noreturn void signals_die_of(int signal);
