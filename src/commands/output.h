/* What subcommands print on stdout. */
#pragma once

#include "base/buffer.h"
#include "base/json.h"

/* Writes the text and says on stderr if that failed (a full disk). Returns the exit status: 0, or
 * EXIT_OWN_FAILURE. Ends the buffer. */
int output_print(struct buffer *text);

/* The same for a part of it: 0 or a negative errno, which output_fail says. */
int output_write(const char *bytes, size_t length);
int output_fail(int r);

/* A line of help, and what a newline in `usage` begins further in. */
void output_append_usage(struct buffer *text, const char *verb, const char *usage);

/* The object that JSON for programs is: with `"version": 1`. NULL without memory. */
cJSON *output_begin_json(void);

/* Adds it indented, with a newline; without memory for that the buffer has failed. */
void output_append_json(struct buffer *text, const cJSON *json);
