/* What a Claude Code says of itself: the text of `claude --help`. It knows the subcommands and
 * options of its own version, which no table here can. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How many words an option takes. An unknown one takes none, unless the word after it would
 * otherwise be a prompt with another one still to come. */
enum arity { ARITY_NONE, ARITY_ONE, ARITY_OPTIONAL, ARITY_MANY, ARITY_UNKNOWN };

/* True if the text lists this subcommand, under any of its names. `text` may be NULL. */
bool claude_help_has_command(const char *text, const char *word);

/* What the option named by the first `length` bytes of `word`, dashes included, takes.
 * ARITY_UNKNOWN if the text, which may be NULL, does not list it. */
enum arity claude_help_arity(const char *text, const char *word, size_t length);

/* True if the text is such a list: there are options and subcommands in it. */
bool claude_help_is_whole(const char *text);
