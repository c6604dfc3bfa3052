/* The cheap question asked of all output: does a message stand in it at all? Every message holds
 * one of a few words, of five bytes or more. Of any such word three bytes stand together at a place
 * that is a multiple of three: so what begins at every third place is looked up, one look after the
 * other without waiting for the last. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at first: the tables are made when they are first needed. */
struct trigger {
    bool ready;
    /* By a hash of three bytes: at which offsets of words they stand, a bit for each. */
    unsigned char threes[0x1000];
    uint64_t beginnings[16]; /* bits for the hashes of how the words' parts begin */
};

/* Where the first of the words begins; `length` if none stands there. A word that the end of the
 * bytes cuts is not found. */
size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length);

/* The same question for one line, without a table. */
bool trigger_stands_in(const char *line, size_t length);
