/* Terminals: a second one for a watched stream, and questions to the person at the first. */
#pragma once

#include <stdbool.h>

struct host;

/* A pseudo-terminal with the settings and size of the terminal `like`, output processing off (the
 * outer one does that) and echo off. Both ends close-on-exec. Returns 0 or a negative errno. */
int terminal_open(int like, int *ret_master, int *ret_slave);

/* Copies the window size. True if it was another one. */
bool terminal_copy_size(int from, int to);

/* Waits for Enter on the controlling terminal, showing `question`. True if it came; false on
 * anything else: end of file, "n", an interrupted host, or no terminal. */
bool terminal_confirm(const char *question, const struct host *host);

/* The same where Enter alone means no: true for a "y". */
bool terminal_agree(const char *question, const struct host *host);
