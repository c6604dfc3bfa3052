/* The options and subcommands of Claude Code: a table of what the versions known here take, and
 * over it what the client in use says (claude_help). For claude_args*.c alone. */
#pragma once

#include "core/client/claude_help.h"

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
    MEANS_INPUT_FORMAT,
    MEANS_BACKGROUND
};

struct claude_option {
    enum arity arity;
    enum meaning meaning;
};

/* `help` is the client's own list or NULL. The first `length` bytes of `word` name the option, its
 * dashes included. */
struct claude_option claude_options_long(const char *help, const char *word, size_t length);
struct claude_option claude_options_short(const char *help, char letter);

/* A subcommand of this client or of one that is known here. */
bool claude_options_is_subcommand(const char *help, const char *word);
