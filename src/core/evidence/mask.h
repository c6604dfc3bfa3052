/* Takes a pool's tokens out of a stream of bytes, wherever reads cut them: each stretch that tokens
 * cover becomes "***". All are looked for at once (Aho and Corasick), with one step a byte.
 *
 * No copy of a token is made in plain memory. The automaton is one block of guarded memory and
 * points to the caller's tokens; of a stream it remembers a node: the bytes held back are the
 * beginning of a token, and are passed on from there. */
#pragma once

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>

/* What stands for tokens. */
#define MASK_TEXT "***"

/* At the end of a stream, a token's beginning of this length tells more than its kind. */
#define MASK_TELLING 16

/* The tokens, for any number of streams. */
struct mask_set;

/* NUL-terminated tokens, which have to outlive the set; those that are NULL or empty are passed
 * over. NULL if out of memory. */
struct mask_set *mask_set_create(const char *const *tokens, size_t count);

/* Wipes and frees; takes NULL. */
void mask_set_destroy(struct mask_set *set);

/* Takes what may go on. Never called with no bytes. */
typedef void mask_sink(void *context, const char *bytes, size_t length);

/* One stream. The members are this module's. */
struct mask {
    const struct mask_set *set;
    mask_sink *sink;
    void *context;
    uint32_t node;        /* whose path is the held tail: the longest that begins a token */
    size_t tail;          /* its length */
    size_t covered;       /* how much of it is a token's */
    unsigned char *cover; /* of each byte of it: nothing, the first of a stretch, or in one */
};

/* Returns 0, or -ENOMEM with nothing to finish. */
int mask_init(struct mask *mask, const struct mask_set *set, mask_sink *sink, void *context);
void mask_finish(struct mask *mask);

/* Passes on all but what may become a token: that waits, however long, for the bytes that follow.
 * Allocates nothing. */
void mask_feed(struct mask *mask, const char *bytes, size_t length);

/* The stream has ended: passes on what waited. A beginning of MASK_TELLING bytes or more goes as a
 * token. Bytes that are fed later are a new stream. */
void mask_end(struct mask *mask);

/* A text that is whole, masked, is added to `ret_text`. Returns 0 or -ENOMEM. */
int mask_text(const struct mask_set *set, const char *text, struct buffer *ret_text);
