/* JSON as it is written: whatever the strings hold, what comes out is valid UTF-8 that no terminal
 * takes for a command. */
#pragma once

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string with its quotes. What is not UTF-8 becomes U+FFFD, a control character an escape. */
void jsontext_string(struct buffer *buffer, const char *text);

/* What stands between the quotes of such a string. */
void jsontext_bytes(struct buffer *buffer, const char *text, size_t length);

/* Before a member or an item: a comma, but not for the first one of its object or array. */
void jsontext_comma(struct buffer *buffer);

/* A member of an object that was begun with '{': its name, which needs no escapes, and the ':'. */
void jsontext_name(struct buffer *buffer, const char *name);

/* Whole members. */
void jsontext_add_string(struct buffer *buffer, const char *name, const char *value);
void jsontext_add_integer(struct buffer *buffer, const char *name, int64_t value);

/* A tree, compact or indented; `failed` of the buffer is set if there is no memory for it. */
void jsontext_tree(struct buffer *buffer, const cJSON *json, bool indented);
