/* UTF-8, control characters and columns, for texts that are shown or quoted: they may hold any
 * bytes, and no locale is asked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length in bytes, 1 to 4, of the well-formed character that `text` begins with, and what it
 * is; 0 if there is none: the bytes are not UTF-8, or `length` is 0. */
size_t text_character(const char *text, size_t length, uint32_t *ret_code);

/* True for what may make a terminal do something or show a text in another order than it has: the
 * controls of ASCII and of U+0080 to U+009F, DEL, line and paragraph separators, and the overrides
 * and isolates of text that runs from right to left. */
bool text_is_control(uint32_t code);

/* As much of it as fits into `size` bytes with the 0 at the end; `size` is 1 or more. */
void text_copy(char *to, size_t size, const char *text);

/* The last `wanted` among the first `length` bytes; NULL if there is none. */
const char *text_last(const char *text, size_t length, char wanted);

bool text_is_utf8(const char *text);
bool text_has_controls(const char *text);

/* Overwrites in place each byte of a control character, and each that is not UTF-8. */
void text_replace_controls(char *text, size_t length, char replacement);

/* How many of the first `most` bytes can be kept so that no character is cut. */
size_t text_fit(const char *text, size_t most);

/* Columns on a terminal: 2 for a wide character, 0 for one that combines with what stands before
 * it, 1 for anything else. */
size_t text_width(const char *text);

/* How many bytes of the text fit into so many columns, with all that combines with them. */
size_t text_cut(const char *text, size_t columns);
