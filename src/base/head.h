/* The head of an HTTP message as one text: a line for each header, "name: value", ended by LF or
 * CR LF. The order is that of the wire and a name may come more than once. What libmicrohttpd and
 * libcurl give is put into this form once, so that whatever reads heads reads one thing. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A header as it stands in the text: nothing is NUL-terminated. No blanks around the value. */
struct header {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

/* Appends a header. False, with nothing appended, if the name is not a token or the value holds a
 * line end or NUL: it would be read as another header. */
bool head_append(struct buffer *head, const char *name, const char *value);

/* The header at `*at`, a place in a NUL-terminated head, which moves past it; false at the end.
 * Lines that are not headers, such as the status line, are skipped. */
bool head_next(const char **at, struct header *ret_header);

/* Without regard to case. */
bool header_is(const struct header *header, const char *name);

/* As head_next, but goes on to the next header of this name: in a head of dozens that costs a
 * tenth.
 */
bool head_next_named(const char **at, const char *name, struct header *ret_header);

/* The first header of this name; false if there is none. */
bool head_find(const char *head, const char *name, struct header *ret_header);

/* Its value, cut to `size` with its NUL; "" and false if there is none. */
bool head_value(const char *head, const char *name, char *ret_value, size_t size);

/* True if it is the whole value, but for case. */
bool head_value_is(const char *head, const char *name, const char *value);

/* How many headers have this name. */
size_t head_count(const char *head, const char *name);

/* The next word of a list with commas, without blanks around it; false at the end. `*at` begins at
 * the value and ends at `end`. Empty words are passed over. */
bool head_next_word(const char **at, const char *end, const char **ret_word, size_t *ret_length);
