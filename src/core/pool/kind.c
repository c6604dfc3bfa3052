#include "core/pool/kind.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Where each provider is, and the variable that says so to its clients. */
static const struct {
    const char *variable, *address;
} bases[] = {
    [PROVIDER_ANTHROPIC] = {"ANTHROPIC_BASE_URL", "https://api.anthropic.com"},
    [PROVIDER_OPENAI] = {"OPENAI_BASE_URL", "https://api.openai.com/v1"},
    [PROVIDER_CURSOR] = {"CURSOR_API_BASE_URL", "https://api.cursor.com"},
    [PROVIDER_UNKNOWN] = {NULL, NULL},
};

static const struct {
    const char *name;
    const char *variable;
    const char *descriptor_variable;
    const char *prefix;
    enum provider provider;
} kinds[] = {
    [KIND_OAUTH] = {"oauth", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
                    "sk-ant-oat", PROVIDER_ANTHROPIC},
    [KIND_API] = {"api", "ANTHROPIC_API_KEY", "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR", "sk-ant-api",
                  PROVIDER_ANTHROPIC},
    [KIND_BEARER] = {"bearer", "ANTHROPIC_AUTH_TOKEN", NULL, NULL, PROVIDER_ANTHROPIC},
    [KIND_OPENAI] = {"openai", "OPENAI_API_KEY", NULL, NULL, PROVIDER_OPENAI},
    [KIND_CURSOR] = {"cursor", "CURSOR_API_KEY", NULL, NULL, PROVIDER_CURSOR},
    [KIND_ENV] = {"env", "", NULL, NULL, PROVIDER_UNKNOWN},
    [KIND_CONFIG_DIR] = {"login", "CLAUDE_CONFIG_DIR", NULL, NULL, PROVIDER_ANTHROPIC},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

struct kind kind_make(enum kind_id id)
{
    struct kind kind = {.id = id};
    snprintf(kind.variable, sizeof kind.variable, "%s", kinds[id].variable);
    return kind;
}

bool kind_from_token(const char *token, struct kind *ret_kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const char *prefix = kinds[i].prefix;
        if (prefix && strncmp(token, prefix, strlen(prefix)) == 0) {
            *ret_kind = kind_make((enum kind_id)i);
            return true;
        }
    }
    return false;
}

bool kind_from_name(const char *name, struct kind *ret_kind)
{
    for (size_t i = 0; i <= KIND_CURSOR; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_kind = kind_make((enum kind_id)i);
            return true;
        }
    }
    return false;
}

bool kind_from_variable(const char *variable, struct kind *ret_kind)
{
    size_t length = strlen(variable);
    if (length == 0 || length >= KIND_VARIABLE || isdigit((unsigned char)variable[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)variable[i]) && variable[i] != '_')
            return false;
    struct kind kind = {.id = KIND_ENV};
    memcpy(kind.variable, variable, length + 1);
    *ret_kind = kind;
    return true;
}

const char *kind_name(const struct kind *kind)
{
    return kinds[kind->id].name;
}

const char *kind_descriptor_variable(const struct kind *kind)
{
    return kinds[kind->id].descriptor_variable;
}

const char *kind_base_variable(const struct kind *kind)
{
    return bases[kind_provider(kind)].variable;
}

const char *kind_base(const struct kind *kind)
{
    return bases[kind_provider(kind)].address;
}

static bool is_name(const char *name, const char *other)
{
    return other && *other && strcmp(name, other) == 0;
}

bool kind_owns_variable(const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (is_name(name, kinds[i].variable) || is_name(name, kinds[i].descriptor_variable) ||
            is_name(name, bases[kinds[i].provider].variable))
            return true;
    return false;
}

enum provider kind_provider(const struct kind *kind)
{
    return kinds[kind->id].provider;
}

bool kind_is_anthropic(const struct kind *kind)
{
    return kind_provider(kind) == PROVIDER_ANTHROPIC;
}

bool kind_is_subscription(const struct kind *kind)
{
    return kind->id == KIND_OAUTH || kind->id == KIND_CONFIG_DIR;
}
