/* The agent by which launchd (macOS) listens for a lasting gateway and starts it with the first
 * request: the text of its property list, launchd.plist(5). */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* The name of the sockets, by which launch_activate_socket(3) gives them to the program. */
#define LAUNCHAGENT_SOCKETS "Listeners"

/* What the list begins with after its head: by it we know our own. */
#define LAUNCHAGENT_WRITTEN                                                                        \
    "Written by tcr-run gateway install; tcr-run gateway uninstall removes it."

/* Everything is borrowed. */
struct launchagent_socket {
    const char *path; /* of a Unix socket; NULL: a port */
    const char *host; /* in numbers, without brackets */
    const char *port;
    bool is_six;
};

struct launchagent_variable {
    const char *name, *value;
};

struct launchagent {
    const char *label;
    const char *const *words; /* the program first */
    size_t word_count;
    const struct launchagent_variable *variables;
    size_t variable_count;
    const struct launchagent_socket *sockets;
    size_t socket_count;
    const char *log; /* where what it says goes */
};

/* Returns 0; -EINVAL, with nothing appended, if a text cannot stand in XML: it is not UTF-8, or
 * holds a control character. */
int launchagent_append(const struct launchagent *agent, struct buffer *text);
