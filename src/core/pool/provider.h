/* Whose service a key is for, and whose service a message speaks of: with keys of several kinds in
 * one run, that tells which of them failed. */
#pragma once

enum provider { PROVIDER_UNKNOWN, PROVIDER_ANTHROPIC, PROVIDER_OPENAI, PROVIDER_CURSOR };

/* The one provider that a line names or whose own words it holds; PROVIDER_UNKNOWN if there is
 * none, or more than one. */
enum provider provider_of_words(const char *line);
