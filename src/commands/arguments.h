/* The small command lines of the subcommands. */
#pragma once

#include "core/client/options.h"

#include <stdbool.h>

struct flag {
    const char *name;   /* "--json" */
    bool *set;          /* for a flag; NULL for one with a value */
    const char **value; /* for one with a value */
};

/* Takes the flags (ended by one without a name) and --keys FILE, --profile NAME out of the vector;
 * the other words move to the front, after argv[0]. Returns how many there are, or -1 after saying
 * what was wrong. */
int arguments_parse(int argc, char **argv, const struct flag *flags, struct options *ret_options);
