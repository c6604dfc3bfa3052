/* The cheap question asked of every line of output: can it be a message at all? What it lets
 * through costs a dozen regular expressions, so it has to be strict, and it is asked millions of
 * times, so it has to be quick. It must let through whatever a family in message.c matches. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True if two bytes (of at least two) rule the line out: one look in a table. */
bool prefilter_rules_out(const char *bytes);

/* True if a line may be a message that begins with these bytes (all of it if it is whole), after
 * what may stand before a message (white space, escape sequences) was skipped. */
bool prefilter_may_match(const char *bytes, size_t length, bool whole);
