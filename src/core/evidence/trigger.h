/* The cheap question asked of all output: does a message stand in it at all? Every message holds
 * one of a few words, of five bytes or more. Of any such word two bytes stand side by side at a
 * place that is a multiple of four: so every fourth pair is looked up, one look after the other
 * without waiting for the last, and the rest of the bytes remains unseen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at first: the tables are made when they are first needed. */
struct trigger {
    bool ready;
    unsigned char
        pairs[0x8000]; /* at which offsets of words these two bytes stand: a bit for each */
    unsigned char neighbours[0x400]; /* the same of the two bytes beside such a pair */
    uint64_t beginnings[16];         /* bits for the hashes of how the words' parts begin */
};

/* Where the first of the words begins; `length` if none stands there. A word that the end of the
 * bytes cuts is not found. */
size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length);

/* The same question for one line, without a table. */
bool trigger_stands_in(const char *line, size_t length);
