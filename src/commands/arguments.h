/* The command lines of the subcommands. */
#pragma once

#include "core/client/options.h"

#include <stdbool.h>

struct flag {
    const char *name;   /* "json"; NULL ends a table */
    char letter;        /* 0: none */
    bool *set;          /* for a flag; NULL for one with a value */
    const char **value; /* for one with a value */
};

/* Takes the flags of both tables (`more` may be NULL) out of the vector; the other words move to
 * the front, after argv[0], and a NULL ends them. Returns how many there are, or -1 after saying
 * what was wrong, with `who` before it. */
int arguments_take(int argc, char **argv, const struct flag *flags, const struct flag *more,
                   const char *who);

/* The same for a subcommand that reads the pool: with --keys FILE and --profile NAME. */
int arguments_parse(int argc, char **argv, const struct flag *flags, struct options *ret_options);

/* The same for a verb: `who` is the subcommand and it. */
int arguments_parse_for(int argc, char **argv, const struct flag *flags,
                        struct options *ret_options, const char *who);
