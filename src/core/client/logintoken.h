/* The token in what `claude setup-token` shows on a terminal: it is taken out, and everything
 * before it goes on to the person. What follows it only says what to do with it, and goes nowhere,
 * but for the sequences that put the terminal right. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct logintoken {
    char *room; /* for the token, guarded memory of the caller's; it is NUL-terminated there */
    size_t size;
    /* The module's: */
    enum { LOGINTOKEN_BEFORE, LOGINTOKEN_INSIDE, LOGINTOKEN_AFTER } state;
    size_t length;  /* of the token so far */
    size_t matched; /* of its beginning, held back */
    char sequence[32];
    size_t sequence_length;
};

/* Appends to `shown` what the person is to see. */
void logintoken_feed(struct logintoken *logintoken, const char *bytes, size_t length,
                     struct buffer *shown);

/* True if there was one, and all of it. */
bool logintoken_is_there(const struct logintoken *logintoken);
