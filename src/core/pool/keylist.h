/* The list of tokens in a variable, cut into its items. Commas and line ends go between them. What
 * people write as well is understood: quotation marks around the whole or an item, a JSON array of
 * texts, lines that begin with '#', and comments after a blank and a '#'. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct keylist {
    const char *next, *end;
    bool after_line_end; /* the last item is the first of its line, and not of the list */
    bool begun;
};

/* Borrowed from the list. */
struct keylist_item {
    const char *name; /* NULL: none was given */
    size_t name_length;
    const char *token;
    size_t length;
};

void keylist_begin(struct keylist *list, const char *text);

/* False at its end. */
bool keylist_next(struct keylist *list, struct keylist_item *ret_item);
