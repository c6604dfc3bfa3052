/* JSON objects taken apart in place, by lists of the names that are known. */
#pragma once

#include "base/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMBERS_MOST 12

/* Those members of an object whose names are in a list: the first of each name. */
struct members {
    struct part values[MEMBERS_MOST]; /* by their place in the list; text NULL: not there */
};

/* The name's index in a list, which ends in NULL. -1: not in it. */
int members_place(const char *const *names, const struct part *name);

/* Finds nothing if there is no text (NULL). */
struct scan members_scan(const char *text, size_t length);

/* Moves past a value; one that is not an object has no members. False if it is not a value. */
bool members_read(struct scan *scan, const char *const *names, struct members *ret_members);

/* The same of a part that was checked, or is not there. */
void members_take(const struct part *object, const char *const *names, struct members *ret_members);

/* Calls `take` for each item of an array that was checked; another value has none. Returns 0, or
 * what `take` gives if that is not 0: it is the last then. */
int members_items(const struct part *array, int (*take)(void *context, const struct part *item),
                  void *context);

/* A whole number; 0 if it is not one, is less than 0 or is missing. */
int64_t members_number(const struct part *part);

/* A string, cut to `size`; "" if it is not one; untouched if it is missing. */
void members_text(const struct part *part, char *ret_text, size_t size);
