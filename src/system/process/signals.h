/* What the process was given for signals, kept so that every child gets exactly that, and one
 * descriptor through which they arrive meanwhile. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

/* Blocks what is to be forwarded, gives SIGCHLD its default back (a parent may have left it
 * ignored: then no exit status could be learned) and opens the signalfd. Once, before the first
 * fork. Returns the descriptor or a negative errno. */
int signals_take_over(void);

/* In a child, after fork: mask and dispositions as they were before signals_take_over. */
void signals_give_back(void);

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
