/* JSON that is read where it stands and goes into another text as it stands: numbers keep their
 * digits and strings their escapes. A part is a value with its quotes; what is said to be the
 * inside of a string is without them, and may be spliced between any other two quotes. */
#pragma once

#include "base/buffer.h"
#include "base/scan.h"

#include <stdbool.h>
#include <stddef.h>

/* A literal as a part. */
#define RAW(literal) ((struct part){(literal), sizeof(literal) - 1})

static inline bool raw_is(struct part value, char first)
{
    return value.length > 0 && value.text[0] == first;
}

/* True for a string that has something between its quotes. */
static inline bool raw_has_text(struct part value)
{
    return raw_is(value, '"') && value.length > 2;
}

/* True if the value is this string, written without escapes. */
bool raw_equals(struct part value, const char *text);

/* The inside of a string; empty if it is not one. */
struct part raw_inside(struct part string);

/* One pass over an object: the values of `names` (up to a NULL) in their order, empty where one is
 * missing or null; the last of two counts. Calls `other` (may be NULL) with the name of every other
 * member that is not null. False if it is not a whole object, or something follows it: then the
 * values mean nothing. */
bool raw_members(struct part object, const char *const *names, struct part *ret_values,
                 void (*other)(void *context, struct part name), void *context);

/* One member, the first of that name; empty if it is missing or null, or this is not an object.
 * What follows it is not looked at: a block's type often stands before megabytes. */
struct part raw_member(struct part object, const char *name);

/* Items of an array, one after the other: begin with RAW_ITEMS(array), until false. */
struct raw_items {
    struct scan scan;
    size_t count;
};
struct raw_items raw_items(struct part array);
bool raw_next(struct raw_items *items, struct part *ret_item);

/* A string's text, freed by the caller; NULL if there is no memory. "" if it is not a string. */
char *raw_decode(struct part string);
char *raw_decode_inside(struct part inside);

/* A whole number of 0 and more; 0 if it is not one. */
int64_t raw_count(struct part value);

/* Members, with their comma. An empty value adds nothing. */
void raw_add(struct buffer *buffer, const char *name, struct part value);
/* A string of an inside. */
void raw_add_inside(struct buffer *buffer, const char *name, struct part inside);
void raw_append(struct buffer *buffer, struct part value);

/* A value without the white space between its tokens. */
void raw_compact(struct buffer *buffer, struct part value);

/* The text of a value, as the inside of a string that holds it. */
void raw_quote(struct buffer *buffer, struct part value);
