/* JSON read where it stands, for a text that is long and read at every start: no tree, nothing
 * allocated. What is passed over is checked as strictly as what is read. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    const char *at, *end;
};

/* A value as it stands in the text, its quotes included. */
struct part {
    const char *text;
    size_t length;
};

enum scan_step { SCAN_WRONG, SCAN_END, SCAN_NEXT };

/* The next byte that is not white space; NUL at the end. */
char scan_peek(struct scan *scan);

/* Moves past an opening '{' or '['; false if the next byte is another. */
bool scan_enter(struct scan *scan, char bracket);

/* In an object: SCAN_NEXT with the name (without its quotes) and the cursor before the value;
 * SCAN_END after the closing bracket. `count` is the number of members so far; the calls keep it.
 */
enum scan_step scan_member(struct scan *scan, size_t *count, struct part *ret_name);

/* In an array, the same. */
enum scan_step scan_item(struct scan *scan, size_t *count);

/* Moves past a value of any type; false if there is none. */
bool scan_value(struct scan *scan, struct part *ret_part);

/* True if the name is exactly this one, written without escapes. */
bool part_is(const struct part *part, const char *name);

/* A string's text, cut to `size` with its NUL between two characters; "" if it is not a string. */
void part_text(const struct part *part, char *ret_text, size_t size);

/* A name's text, which has no quotes. */
void part_name(const struct part *name, char *ret_text, size_t size);

/* A whole number within +-2^53; false, with *ret_number untouched, if it is not one. */
bool part_integer(const struct part *part, int64_t *ret_number);
