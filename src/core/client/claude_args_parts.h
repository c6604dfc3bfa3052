/* What reading and rewriting the client's command line share; for claude_args*.c alone. */
#pragma once

#include "core/client/claude_args.h"
#include "core/client/claude_options.h"

/* One option as it stands in the vector: `words` of them from `at`. */
struct spot {
    size_t at, words;
    struct claude_option option;
    const char *value;
};

bool claude_args_takes_value(const struct claude_option *option);

/* No option; takes NULL. "-" is a word. */
bool claude_args_is_word(const char *word);

/* Reads the option at `at`. A bundle such as -pc counts for the last letter that takes a value or
 * means something; its other letters are applied to `args` on the way. */
struct spot claude_args_option(char *const *argv, size_t at, struct claude_args *args);
