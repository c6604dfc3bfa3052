/* The agent of macOS's launchd, instead of systemd's units: one file, ~/Library/LaunchAgents/. On
 * other systems it can only be shown. Not run on macOS so far: there is none in the tests. */
#pragma once

#include "commands/gateway/start.h"
#include "commands/gateway/units.h"

#include <stdbool.h>

#ifdef __APPLE__
#define LAUNCHD_IS_HERE true
#else
#define LAUNCHD_IS_HERE false
#endif

/* `socket` is the file's name then, and the agent's with ".plist"; else as units_name. */
bool launchd_name(struct units *ret_units, const char *profile);

/* Return an exit status, after saying what was done or why not. */
int launchd_install(const struct start *start, const struct units *units, const char *program);
int launchd_uninstall(const char *profile);
