/* The units that systemd starts a lasting gateway by: one listens, the other is started by it. */
#pragma once

#include "base/buffer.h"
#include "commands/gateway/start.h"
#include "core/gateway/launchagent.h"

#include <limits.h>
#include <stdbool.h>

#define UNITS_NAME 128

/* By this sentence near their beginning we know our own. */
#define UNITS_WRITTEN LAUNCHAGENT_WRITTEN

struct units {
    char socket[UNITS_NAME], service[UNITS_NAME];
    char *folder; /* the user's own, which may not be there yet */
};

/* Names those of a profile (NULL: of none), whose name becomes part of theirs: a character that has
 * a meaning there is refused. False after saying what is wrong; ended by units_finish in any case.
 */
bool units_name(struct units *ret_units, const char *profile);
void units_finish(struct units *units);

/* False after saying that a profile's name cannot be part of theirs. */
bool units_may_name(const char *profile);

/* For the variables of the environment that a gateway heeds, and would not have as a service: files
 * have absolute names. Those that hold secrets are left out. */
struct units_visit {
    void (*take)(void *context, const char *name, const char *value);
    void (*leave_out)(void *context, const char *name);
    void *context;
};
void units_each_variable(const struct units_visit *visit);

/* The i-th word that start was given, from 1 on; a file's name does not depend on the folder, and
 * may be in `path`. */
const char *units_word(const struct start *start, size_t i, char path[PATH_MAX]);

/* Their text. The service gets the variables of the environment that a gateway heeds, except those
 * that hold secrets, which are reported. */
void units_append_socket(const struct start *start, struct buffer *text);
void units_append_service(const struct start *start, const struct units *units, const char *program,
                          struct buffer *text);

/* Whether the file is not there, or was written by us. False after saying whose it is not. */
bool units_is_ours(const struct units *units, const char *name, bool *ret_exists);

/* False after saying why. */
bool units_write(const struct units *units, const char *name, const struct buffer *text);
bool units_remove(const struct units *units, const char *name);
