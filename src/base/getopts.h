/* Command lines, by getopt_long: options in any spelling that people know from other programs (-n5,
 * -vq, --since=2h, --since 2h, a beginning that is unique), and -- to end them. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define GETOPTS_MOST 64

struct getopts_form {
    const char *name;     /* without the dashes */
    char letter;          /* 0: long form only */
    const char *argument; /* NULL: takes none; begins with '[': may be left out */
};

/* A table of options; `context` is handed to each call. */
struct getopts {
    size_t count; /* at most GETOPTS_MOST */
    struct getopts_form (*form)(void *context, size_t index);
    /* An option was given; `value` is NULL if it has none. 0, or a negative errno with one sentence
     * in `error`, which is shown after the option's name. */
    int (*option)(void *context, size_t index, const char *value, struct buffer *error);
    /* True if the word after an option whose value may be left out is that value, although no '='
     * joins them. NULL: it never is. */
    bool (*fits)(void *context, size_t index, const char *word);
    /* A word that is not an option. NULL: the first one ends the options. */
    void (*word)(void *context, char *word);
    void *context;
    const char *help; /* "tcr-run --help lists them" */
};

/* argv[0] is skipped. Returns the index of the first word that was not taken; or -EINVAL (or what
 * `option` returned) with one sentence in `error`. An option's value is not shown in it. */
int getopts_parse(const struct getopts *getopts, int argc, char **argv, struct buffer *error);
