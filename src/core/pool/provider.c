#include "core/pool/provider.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Names, and what stands in one provider's errors alone: Anthropic's body has a "type" of "error",
 * OpenAI's a "param" and codes of its own. */
static const struct {
    const char *words;
    enum provider provider;
} signs[] = {
    {"anthropic", PROVIDER_ANTHROPIC},
    {"claude", PROVIDER_ANTHROPIC},
    {"\"type\":\"error\"", PROVIDER_ANTHROPIC},
    {"\"type\": \"error\"", PROVIDER_ANTHROPIC},
    {"'type': 'error'", PROVIDER_ANTHROPIC},
    {"openai", PROVIDER_OPENAI},
    {"gpt-", PROVIDER_OPENAI},
    {"exceeded your current quota", PROVIDER_OPENAI},
    {"insufficient_quota", PROVIDER_OPENAI},
    {"invalid_api_key", PROVIDER_OPENAI},
    {"rate_limit_exceeded", PROVIDER_OPENAI},
    {"'param':", PROVIDER_OPENAI},
    {"\"param\":", PROVIDER_OPENAI},
    {"cursor", PROVIDER_CURSOR},
};

enum provider provider_of_words(const char *line)
{
    enum provider found = PROVIDER_UNKNOWN;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (!strcasestr(line, signs[i].words))
            continue;
        if (found != PROVIDER_UNKNOWN && found != signs[i].provider)
            return PROVIDER_UNKNOWN;
        found = signs[i].provider;
    }
    return found;
}
