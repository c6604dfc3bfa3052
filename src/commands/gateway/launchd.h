/* The agent of macOS's launchd, instead of systemd's units: one file, ~/Library/LaunchAgents/. On
 * other systems it can only be shown. Not run on macOS so far: in the tests launchctl is a script.
 */
#pragma once

#include "commands/gateway/start.h"
#include "commands/gateway/units.h"

#include <stdbool.h>

/* Its program launchctl is in PATH. */
bool launchd_is_here(void);

/* `socket` is the file's name then, and the agent's with ".plist"; else as units_name. */
bool launchd_name(struct units *ret_units, const char *profile);

/* Return an exit status, after saying what was done or why not. */
int launchd_install(const struct start *start, const struct units *units, const char *program);
int launchd_uninstall(const char *profile);
