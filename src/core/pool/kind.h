/* The kinds of credential: which variable carries each, and which descriptor variable can. */
#pragma once

#include "core/pool/provider.h"

#include <stdbool.h>
#include <stddef.h>

enum kind_id {
    KIND_OAUTH,
    KIND_API,
    KIND_BEARER,
    KIND_OPENAI,
    KIND_CURSOR,
    KIND_ENV,
    KIND_CONFIG_DIR
};

#define KIND_VARIABLE 128

struct kind {
    enum kind_id id;
    char variable[KIND_VARIABLE]; /* the environment variable that carries the secret */
};

/* By the token's prefix; false if it has no known one. */
bool kind_from_token(const char *token, struct kind *ret_kind);

/* By the name a key file uses: "oauth", "api", "bearer", "openai", "cursor"; false if unknown. */
bool kind_from_name(const char *name, struct kind *ret_kind);

/* {"env": NAME}: any other program's variable; false if NAME is not a valid variable name. */
bool kind_from_variable(const char *variable, struct kind *ret_kind);

const char *kind_name(const struct kind *kind);

/* The variable that tells Claude Code which descriptor to read the secret from; NULL if the kind
 * has none. */
const char *kind_descriptor_variable(const struct kind *kind);

/* The variable in which clients of the kind look for the address of their provider, and that
 * address where it is not set. NULL for a kind without one: {"env": NAME}. */
const char *kind_base_variable(const struct kind *kind);
const char *kind_base(const struct kind *kind);

/* True if a kind uses a variable of this name: for its secret, its descriptor or its address. */
bool kind_owns_variable(const char *name);

enum provider kind_provider(const struct kind *kind);

/* True for what the Anthropic clients can use: the default kinds of a run. */
bool kind_is_anthropic(const struct kind *kind);

/* True for what belongs to an account with a plan, not to an organization: a token, or a login. */
bool kind_is_subscription(const struct kind *kind);

struct kind kind_make(enum kind_id id);
