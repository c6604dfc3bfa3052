/* The word that somebody meant who mistyped one. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct nearest {
    const char *typed;
    size_t length;    /* how much of it counts */
    const char *word; /* the nearest so far, borrowed; NULL: none is near */
    size_t distance;  /* letters that are wrong, missing, too many or swapped */
};

/* Only words at a distance of at most 2 count, 1 for a word of three letters or fewer. */
struct nearest nearest_begin(const char *typed, size_t length);

/* Of words at the same distance the first one stays. */
void nearest_consider(struct nearest *nearest, const char *word);

/* Appends `did you mean "work"?`. False if no word is near: then nothing is appended. */
bool nearest_append(const struct nearest *nearest, struct buffer *text);
