/* Addresses of gateways that do not run any more: what has them does not work. */
#pragma once

#include "system/net/listen.h"

#include <stdbool.h>

/* True if `url` is http on this machine's loopback and its port takes no connection; then its host
 * and port are in ret_address (LISTEN_TEXT bytes; NULL: not wanted). Waits half a second at most.
 */
bool leftbehind_check(const char *url, char *ret_address);

struct left_behind {
    const char *path; /* of the client's settings file; NULL: the environment */
    const char *name; /* of the variable */
    char address[LISTEN_TEXT];
};

/* Calls `found` for each, in the environment and in the settings of Claude Code that count here. */
void leftbehind_find(void (*found)(void *context, const struct left_behind *left), void *context);
