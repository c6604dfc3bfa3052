#include "core/client/asked.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* NAME of {"env": NAME}: in capitals, so that a slip in a kind's name is not one. */
static bool is_variable(const char *name)
{
    struct kind kind;
    for (const char *c = name; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            return false;
    return kind_from_variable(name, &kind);
}

static bool is_known(const char *name)
{
    struct kind kind;
    return strcmp(name, ASKED_MAIN) == 0 || kind_from_name(name, &kind) || is_variable(name);
}

bool asked_covers(const char *name, const struct kind *kind)
{
    if (strcmp(name, ASKED_MAIN) == 0)
        return kind_is_anthropic(kind);
    if (kind->id == KIND_ENV)
        return strcmp(name, kind->variable) == 0;
    /* A login folder is a subscription's, as an OAuth token is. */
    struct kind subscription = kind_make(KIND_OAUTH);
    return strcmp(name, kind_name(kind->id == KIND_CONFIG_DIR ? &subscription : kind)) == 0;
}

enum provider asked_provider(const char *name)
{
    struct kind kind;
    if (strcmp(name, ASKED_MAIN) == 0)
        return PROVIDER_ANTHROPIC;
    return kind_from_name(name, &kind) ? kind_provider(&kind) : PROVIDER_UNKNOWN;
}

static bool overlap(const char *one, const char *other)
{
    bool anthropic =
        asked_provider(one) == PROVIDER_ANTHROPIC && asked_provider(other) == PROVIDER_ANTHROPIC;
    return strcmp(one, other) == 0 ||
           (anthropic && (strcmp(one, ASKED_MAIN) == 0 || strcmp(other, ASKED_MAIN) == 0));
}

static int add(struct asked *asked, const char *name, size_t length, struct buffer *error)
{
    char copy[KIND_VARIABLE];
    snprintf(copy, sizeof copy, "%.*s", (int)length, name);
    /* As keys add names such a kind. */
    if (strncmp(copy, "env:", 4) == 0 && length < sizeof copy && is_variable(copy + 4))
        memmove(copy, copy + 4, length - 4 + 1);
    if (length >= sizeof copy || !is_known(copy)) {
        buffer_append_format(
            error,
            "unknown kind \"%s\"; write anthropic, oauth, api, bearer, openai, cursor or "
            "the variable of another program's key",
            copy);
        return -EINVAL;
    }
    for (size_t i = 0; i < asked->count; i++) {
        if (!overlap(asked->names[i], copy))
            continue;
        buffer_append_format(error, "\"%s\" and \"%s\" ask for the same keys; name one of them",
                             asked->names[i], copy);
        return -EINVAL;
    }
    if (asked->count == ASKED_MOST) {
        buffer_append_format(error, "more than %d kinds", ASKED_MOST);
        return -EINVAL;
    }
    memcpy(asked->names[asked->count++], copy, sizeof copy);
    return 0;
}

int asked_parse(const char *list, struct asked *ret_asked, struct buffer *error)
{
    struct asked asked = {0};
    for (;;) {
        size_t length = strcspn(list, ",");
        int r = add(&asked, list, length, error);
        if (r < 0)
            return r;
        if (!list[length])
            break;
        list += length + 1;
    }
    *ret_asked = asked;
    return 0;
}

static const char *name_of(const struct key *key)
{
    return key->kind.id == KIND_ENV ? key->kind.variable : kind_name(&key->kind);
}

void asked_of_key(const struct key *key, struct asked *ret_asked)
{
    bool anthropic = !key->kind_known || kind_is_anthropic(&key->kind);
    *ret_asked = (struct asked){.count = 1};
    snprintf(ret_asked->names[0], KIND_VARIABLE, "%s", anthropic ? ASKED_MAIN : name_of(key));
}

static bool has_name(const struct asked *asked, const char *name)
{
    for (size_t i = 0; i < asked->count; i++)
        if (strcmp(asked->names[i], name) == 0)
            return true;
    return false;
}

static int refuse_several(const struct asked *asked, struct buffer *error)
{
    buffer_append_text(error, "the keys are of several kinds (");
    for (size_t i = 0; i < asked->count; i++)
        buffer_append_format(error, "%s%s", i ? ", " : "", asked->names[i]);
    buffer_append_text(error, "); say with --kind which the command needs");
    return -EINVAL;
}

int asked_default(const struct keyring *keyring, bool anthropic_client, struct asked *ret_asked,
                  struct buffer *error)
{
    struct asked asked = {0};
    bool anthropic = anthropic_client;
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        const struct key *key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        if (key->left_out)
            continue;
        /* One that is known only when its command was run is Anthropic's, by its prefix. */
        anthropic |= !key->kind_known || kind_is_anthropic(&key->kind);
        if (!anthropic && asked.count < ASKED_MOST && !has_name(&asked, name_of(key)))
            snprintf(asked.names[asked.count++], KIND_VARIABLE, "%s", name_of(key));
    }
    if (!anthropic && asked.count > 1)
        return refuse_several(&asked, error);
    if (anthropic || asked.count == 0) {
        asked.count = 1;
        snprintf(asked.names[0], KIND_VARIABLE, "%s", ASKED_MAIN);
    }
    *ret_asked = asked;
    return 0;
}

/* The variable of a single kind; "" for Anthropic's together. */
static const char *variable_of(const char *name, struct kind *kind)
{
    if (kind_from_name(name, kind))
        return kind->variable;
    return strcmp(name, ASKED_MAIN) == 0 ? "" : name;
}

static bool fits(const char *name, const struct finding *finding, enum provider provider)
{
    struct kind kind;
    const char *variable = variable_of(name, &kind);
    if (*variable && strstr(finding->line, variable))
        return true;
    return provider != PROVIDER_UNKNOWN && asked_provider(name) == provider;
}

size_t asked_suspect(const struct asked *asked, const struct finding *finding, const int *tried)
{
    enum provider provider = finding->provider != PROVIDER_UNKNOWN
                                 ? finding->provider
                                 : provider_of_words(finding->line);
    bool any = false;
    for (size_t i = 0; i < asked->count; i++)
        any |= fits(asked->names[i], finding, provider);
    size_t suspect = asked->count;
    for (size_t i = 0; i < asked->count; i++)
        if ((!any || fits(asked->names[i], finding, provider)) &&
            (suspect == asked->count || tried[i] < tried[suspect]))
            suspect = i;
    return suspect;
}
