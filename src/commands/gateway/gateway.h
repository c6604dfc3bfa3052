/* The verbs of `tcr-run gateway`: the lasting one, and what they share. */
#pragma once

#include <stdbool.h>

#define GATEWAY_PORT_DEFAULT "4080"

int gateway_start(int argc, char **argv);
int gateway_stop(int argc, char **argv);
int gateway_status(int argc, char **argv);
int gateway_open(int argc, char **argv);
int gateway_token(int argc, char **argv);
int gateway_users(int argc, char **argv);
int gateway_install(int argc, char **argv);
int gateway_uninstall(int argc, char **argv);

/* The file of the gateway that runs with this profile (NULL: none), locked while it does; its
 * folder is made. Freed by the caller; NULL after saying why. */
char *gateway_pid_path(const char *profile);

/* What runs with this profile: 0 with *ret_file, to be ended with pidfile_finish; -ESRCH; another
 * negative errno after saying why. */
struct pidfile;
int gateway_find_running(const char *profile, struct pidfile *ret_file);

/* The stand-in that clients of a lasting gateway send, in guarded memory (secret_free): made if
 * there is none. NULL after saying why. */
char *gateway_stand_in(void);

/* Prints what help says of one verb, which has this usage and does `what`; the exit status. */
int gateway_help(const char *name, const char *usage, const char *what);

/* Says how a verb is used; returns EXIT_OWN_FAILURE. */
int gateway_say_usage(const char *verb);
