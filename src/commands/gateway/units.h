/* The units that systemd starts a lasting gateway by: one listens, the other is started by it. */
#pragma once

#include "base/buffer.h"
#include "commands/gateway/start.h"

#include <stdbool.h>

#define UNITS_NAME 128

struct units {
    char socket[UNITS_NAME], service[UNITS_NAME];
    char *folder; /* the user's own, which may not be there yet */
};

/* Names those of a profile (NULL: of none), whose name becomes part of theirs: a character that has
 * a meaning there is refused. False after saying what is wrong; ended by units_finish in any case.
 */
bool units_name(struct units *ret_units, const char *profile);
void units_finish(struct units *units);

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
