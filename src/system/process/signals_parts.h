/* What signals.c and its ways share: signals_linux.c reads blocked signals from a signalfd,
 * signals_portable.c catches them and writes to a pipe. */
#pragma once

#include "system/process/signals.h"

/* Where the system has none of its own, no signal is a real-time one. */
#ifndef SIGRTMIN
#define SIGRTMIN NSIG
#define SIGRTMAX (NSIG - 1)
#endif

/* Above every signal's number: FreeBSD's NSIG is below its real-time ones. */
#ifdef _SIG_MAXSIG
#define SIGNALS_END (_SIG_MAXSIG + 1)
#else
#define SIGNALS_END NSIG
#endif

/* Begins to take these, but SIGTSTP not if it was ignored: then it is taken out of the set. Returns
 * the descriptor or a negative errno. */
int signals_begin(sigset_t *watched);

/* Those that wait. */
bool signals_waiting(sigset_t *ret_waiting);
