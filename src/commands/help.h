/* What --help and --version print; also `tcr-run help` and `tcr-run version`. */
#pragma once

#include <stdbool.h>

/* How tcr-run is used, on one screen. Returns the exit status. */
int help_show_all(void);

/* How a subcommand without verbs is used, with its own options. False if there is no such one. */
bool help_show(const char *name, int *ret_status);

int help_show_version(void);
