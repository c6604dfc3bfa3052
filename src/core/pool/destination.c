#include "core/pool/destination.h"

#include "base/variable.h"

#include <string.h>

#define TOKENS 2

/* The variables of one token each for which a provider's address may have been set, as its clients
 * prefer them. */
static const char *const tokens[][TOKENS] = {
    [PROVIDER_ANTHROPIC] = {"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"},
    [PROVIDER_OPENAI] = {"OPENAI_API_KEY", NULL},
    [PROVIDER_CURSOR] = {"CURSOR_API_KEY", NULL},
};

static const char *set_value(char *const *environment, const char *name)
{
    const char *value = name ? variable_value(environment, name) : NULL;
    return value && *value ? value : NULL;
}

const char *destination_bound(enum provider provider, char *const *environment)
{
    for (size_t i = 0; provider != PROVIDER_UNKNOWN && i < TOKENS; i++)
        if (set_value(environment, tokens[provider][i]))
            return tokens[provider][i];
    return NULL;
}

struct destination destination_of(const struct key *key, char *const *environment)
{
    struct kind kind = key->kind_known ? key->kind : kind_make(KIND_OAUTH);
    struct destination to = {.variable = kind_base_variable(&kind), .url = kind_base(&kind)};
    if (!to.variable)
        return to;
    const char *url = set_value(environment, to.variable);
    const char *bound = url ? destination_bound(kind_provider(&kind), environment) : NULL;
    bool is_own =
        bound && key->token && strcmp(variable_value(environment, bound), key->token) == 0;
    to.from = DESTINATION_PROVIDER;
    if (key->base_url) {
        to.from = DESTINATION_KEY;
        to.url = key->base_url;
    } else if (url && !key->at_provider && (!bound || is_own)) {
        to.from = DESTINATION_ENVIRONMENT;
        to.url = url;
    } else if (url) {
        to.set_for = bound;
    }
    return to;
}
