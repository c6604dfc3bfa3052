/* What reading and rewriting the client's command line share; for claude_args*.c alone. */
#pragma once

#include "core/client/claude_args.h"

/* How many words an option takes. An option the table does not know takes none, unless the word
 * behind it would otherwise be a prompt with another one still to come. */
enum arity { ARITY_NONE, ARITY_ONE, ARITY_OPTIONAL, ARITY_MANY, ARITY_UNKNOWN };

/* What an option means to us. */
enum meaning {
    MEANS_NOTHING,
    MEANS_PRINT,
    MEANS_BARE,
    MEANS_NO_PERSISTENCE,
    MEANS_FORK,
    MEANS_CONTINUE,
    MEANS_RESUME,
    MEANS_SESSION_ID,
    MEANS_MODEL,
    MEANS_SETTINGS,
    MEANS_INPUT_FORMAT
};

struct claude_option {
    const char *name;
    char letter; /* 0: long form only */
    enum arity arity;
    enum meaning meaning;
};

/* One option as it stands in the vector: `words` of them from `at`. */
struct spot {
    size_t at, words;
    const struct claude_option *option;
    const char *value;
};

/* The option of this letter; one that means nothing if it is not known. */
const struct claude_option *claude_args_short(char letter);

bool claude_args_takes_value(const struct claude_option *option);

/* No option; takes NULL. "-" is a word. */
bool claude_args_is_word(const char *word);

/* Reads the option at `at`. A bundle such as -pc counts for the last letter that takes a value or
 * means something; its other letters are applied to `args` on the way. */
struct spot claude_args_option(char *const *argv, size_t at, struct claude_args *args);
