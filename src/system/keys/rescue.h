/* A provider's answer with new tokens, on disk from the moment that it arrives until the tokens are
 * where they belong: the old ones are of no more use by then, and whoever renews may be killed.
 * Whoever renews next takes it from there. */
#pragma once

#include "core/pool/renewal.h"
#include "core/pool/seal.h"

#include <stdbool.h>
#include <stddef.h>

struct rescue_page;

struct rescue {
    struct rescue_page *page; /* the file in memory; NULL: none */
    const char *path;
    const struct seal *seal; /* NULL: it is not sealed */
};

/* Makes the file, before the token is sent; whatever one is there is written over. All is borrowed.
 * Returns 0 or a negative errno. */
int rescue_begin(const char *path, const struct seal *seal, const char *refresh_token,
                 struct rescue *ret_rescue);

/* The answer as far as it has come; called again when there is more. It costs no system call, so
 * that no kill falls between the answer and this. */
void rescue_note(struct rescue *rescue, const char *bytes, size_t length);

/* It is of no more use: the file is removed. Does nothing to one that was not begun. */
void rescue_end(struct rescue *rescue);

/* The tokens could not be written: the file stays for whoever comes next. */
void rescue_leave(struct rescue *rescue);

/* Reads what a killed process left at `path`. True with *ret_renewal, which the caller ends, if it
 * holds tokens that replace `refresh_token`. */
bool rescue_find(const char *path, const struct seal *seal, const char *refresh_token,
                 struct renewal *ret_renewal);

/* True if that process had begun, and no answer is there: if the token is used up, that is why. */
bool rescue_was_begun(const char *path, const struct seal *seal, const char *refresh_token);
