/* Which kinds of key a run needs, one of each: --kind, or what client and pool say. Each is a pool
 * of its own, with its own place in the state. */
#pragma once

#include "base/buffer.h"
#include "core/pool/failure.h"
#include "core/pool/keyring.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stddef.h>

#define ASKED_MOST 8
#define ASKED_MAIN "anthropic" /* oauth, api and login folders: what a run takes unasked */

struct asked {
    char names[ASKED_MOST][KIND_VARIABLE]; /* "anthropic", a kind's, or {"env": NAME}'s NAME */
    size_t count;
};

/* Reads "openai,anthropic". Returns 0, or -EINVAL with one sentence appended to `error`: an unknown
 * name, one that is given twice or lies within another, or too many. */
int asked_parse(const char *list, struct asked *ret_asked, struct buffer *error);

/* The one kind that a key is of. */
void asked_of_key(const struct key *key, struct asked *ret_asked);

/* Without --kind: Anthropic's if the client is Anthropic's or the keyring has any, else the one
 * kind there is. Returns 0, or -EINVAL with one sentence if there are several. */
int asked_default(const struct keyring *keyring, bool anthropic_client, struct asked *ret_asked,
                  struct buffer *error);

bool asked_covers(const char *name, const struct kind *kind);

/* PROVIDER_UNKNOWN for a variable of any program's. */
enum provider asked_provider(const char *name);

/* Which of them is to blame for a failure: the one whose provider's message it is, or whose
 * variable or provider its line names. If that tells nothing, or fits several, the one of which
 * this run has tried the fewest keys (`tried`, one number each), the first of equals: so a run that
 * cannot tell suspects each in turn. */
size_t asked_suspect(const struct asked *asked, const struct finding *finding, const int *tried);
