/* The cheap question asked of all output: does a message stand in it at all? Every message holds
 * one of a few words; they are looked for all at once, most bytes unseen (Wu and Manber). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TRIGGER_PAIRS 16384

/* Zeroed at first: the table is made when it is first needed. */
struct trigger {
    bool ready;
    unsigned char shifts[TRIGGER_PAIRS];
};

/* Where the first of the words begins; `length` if none stands there. A word that the end of the
 * bytes cuts is not found. */
size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length);

/* The same question for one line, without a table. */
bool trigger_stands_in(const char *line, size_t length);
