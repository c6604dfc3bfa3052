/* Where a key goes: to its own address, to the one that the environment says, or to its provider's
 * own. Never to an address that was set for another key. */
#pragma once

#include "core/pool/keyring.h"

enum destination_from {
    DESTINATION_UNKNOWN,     /* no address is known for the kind: the command knows it */
    DESTINATION_PROVIDER,    /* the provider's own */
    DESTINATION_KEY,         /* the key's base_url */
    DESTINATION_ENVIRONMENT, /* what the variable says */
};

struct destination {
    enum destination_from from;
    const char *url;      /* borrowed from the key, the environment or a table; NULL if unknown */
    const char *variable; /* in which clients look for it; NULL for DESTINATION_UNKNOWN */
    /* If the variable in the environment is not passed on: the variable of the token that its
     * address was set for. NULL if it is passed on or not set. */
    const char *set_for;
};

/* An address in the environment holds for every key without one, unless a token of its provider is
 * set beside it (ANTHROPIC_AUTH_TOKEN, else ANTHROPIC_API_KEY, by ANTHROPIC_BASE_URL;
 * OPENAI_API_KEY by OPENAI_BASE_URL): then it was set for that token alone. */
struct destination destination_of(const struct key *key, char *const *environment);

/* The name of that token's variable; NULL if none is set. */
const char *destination_bound(enum provider provider, char *const *environment);
