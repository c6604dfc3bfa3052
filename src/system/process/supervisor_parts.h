/* What supervisor.c and supervisor_signals.c share: one command while it is watched. */
#pragma once

#include "system/process/supervisor.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct running {
    struct supervision *plan;
    struct supervised *result;
    pid_t pid;
    bool ended;
    int64_t idle_until, grace_until;
    int64_t broken_at; /* when a spool's reader was found gone; 0: all are there */
};

/* The command's exit, as waitpid told of it. */
void supervisor_note_end(struct running *running, int status);

/* A signal to the command, unless it has ended: its number may be a stranger's then. */
void supervisor_send(const struct running *running, int signal);

/* Takes all signals that wait: reaps, forwards, stops with the command, notes who asks to end.
 */
void supervisor_take_signals(struct running *running);
