#include "core/pool/keyenv.h"

#include "base/variable.h"
#include "core/pool/address.h"
#include "core/pool/fields.h"
#include "core/pool/keylist.h"
#include "core/pool/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A single token with an address of its own: the first key of the pool, unless TCR_KEYS names one.
 * Of the tokens beside one address the first that is set is the one it was set for. */
static const struct addressed {
    const char *token, *address;
    enum kind_id kind;
} addressed[] = {
    {"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", KIND_BEARER},
    {"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", KIND_API},
    {"OPENAI_API_KEY", "OPENAI_BASE_URL", KIND_OPENAI},
};

/* The fallback is for when the first key's server serves no more: it has an address of its own. */
#define FALLBACK         "CLAUDE_FALLBACK_API_KEY"
#define FALLBACK_ADDRESS "CLAUDE_FALLBACK_BASE_URL"

/* Each row is one way; the first that gives pool keys is taken, and the first master up to there. A
 * list holds many tokens, the others one. */
static const struct way {
    const char *lists[2];
    const char *single;
    const char *master;
} ways[] = {
    {{"TCR_KEYS", NULL}, NULL, "TCR_MASTER_KEY"},
    {{"CLAUDE_CODE_OAUTH_TOKENS", "ANTHROPIC_API_KEYS"}, NULL, FALLBACK},
    {{NULL, NULL}, "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY"},
};

/* Other kinds' pools, whichever way the first is found. */
static const struct {
    const char *list;
    enum kind_id kind;
} others[] = {{"OPENAI_API_KEYS", KIND_OPENAI}, {"CURSOR_API_KEYS", KIND_CURSOR}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A token without a known prefix, a gateway's perhaps, is of its variable's kind. */
static bool kind_of_variable(const char *variable, struct kind *ret_kind)
{
    bool api = strncmp(variable, "ANTHROPIC_API_KEY", strlen("ANTHROPIC_API_KEY")) == 0 ||
               strcmp(variable, FALLBACK) == 0;
    bool oauth =
        strncmp(variable, "CLAUDE_CODE_OAUTH_TOKEN", strlen("CLAUDE_CODE_OAUTH_TOKEN")) == 0;
    if (api || oauth)
        *ret_kind = kind_make(api ? KIND_API : KIND_OAUTH);
    for (size_t i = 0; i < COUNT(others); i++)
        if (strcmp(variable, others[i].list) == 0) {
            *ret_kind = kind_make(others[i].kind);
            return true;
        }
    for (size_t i = 0; i < COUNT(addressed) && !api; i++)
        if (strcmp(variable, addressed[i].token) == 0) {
            *ret_kind = kind_make(addressed[i].kind);
            return true;
        }
    return api || oauth;
}

static int check_provider(const struct key *key, struct buffer *error)
{
    struct kind by_variable;
    if (!kind_of_variable(key->place, &by_variable) ||
        kind_provider(&by_variable) == kind_provider(&key->kind))
        return 0;
    buffer_append_text(error, "this is a token of Anthropic's; write it in ANTHROPIC_API_KEYS or "
                              "CLAUDE_CODE_OAUTH_TOKENS");
    return -EINVAL;
}

/* Says which one by its number: what stands before a '=' may be a piece of a token. */
static int add_token(struct keyring *keyring, struct key *key, const char *token, size_t length,
                     struct keyring_report *report)
{
    struct buffer fault = {0};
    struct kind by_prefix;
    if (!kind_from_token(token, &by_prefix))
        key->kind_known = kind_of_variable(key->place, &key->kind);
    int r = keyring_set_token(keyring, key, token, length, &fault);
    if (r == 0)
        r = check_provider(key, &fault);
    if (r == -EINVAL && key == &keyring->master)
        buffer_append_format(&report->errors, "%s: %s\n", key->place, buffer_text(&fault));
    else if (r == -EINVAL)
        buffer_append_format(&report->errors, "%s: key %zu: %s\n", key->place, keyring->count,
                             buffer_text(&fault));
    buffer_finish(&fault);
    return r;
}

/* Named by its number, where it has no name. */
static struct key *add_key(struct keyring *keyring, const char *variable, const char *name,
                           size_t length)
{
    struct key *grown = realloc(keyring->keys, (keyring->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    keyring->keys = grown;
    struct key *key = &grown[keyring->count++];
    *key = (struct key){.place = variable};
    char number[32];
    int digits = snprintf(number, sizeof number, "key%zu", keyring->count);
    key->name =
        secret_store_add(keyring->store, name ? name : number, name ? length : (size_t)digits);
    return key->name ? key : NULL;
}

static bool has_prefix(const struct keylist_item *item)
{
    struct kind kind;
    return kind_from_token(item->token, &kind);
}

static int add_list(struct keyring *keyring, const char *variable, const char *text,
                    struct keyring_report *report)
{
    int r = 0;
    bool prefixed = false; /* the item before it */
    struct keylist list;
    struct keylist_item item;
    keylist_begin(&list, text);
    if (text[strspn(text, " \t\r\n")] == '{') {
        buffer_append_format(&report->errors,
                             "%s: this is JSON; a key file is named by --keys or TCR_KEYS_FILE\n",
                             variable);
        return -EINVAL;
    }
    while (r != -ENOMEM && keylist_next(&list, &item)) {
        struct key *key = add_key(keyring, variable, item.name, item.name_length);
        if (!key)
            return -ENOMEM;
        const char *fault = fields_name_fault(key->name);
        if (fault)
            buffer_append_format(&report->errors, "%s: key %zu: the name before its = %s\n",
                                 variable, keyring->count, fault);
        bool torn = prefixed && list.after_line_end && !item.name && !has_prefix(&item) &&
                    token_is_torn(item.token, item.length);
        if (torn)
            buffer_append_format(
                &report->errors,
                "%s: key %zu: no token begins like that; is it the end of key %zu, "
                "broken by a line end?\n",
                variable, keyring->count, keyring->count - 1);
        int added =
            torn || fault ? -EINVAL : add_token(keyring, key, item.token, item.length, report);
        r = added < 0 ? added : r;
        prefixed = has_prefix(&item);
    }
    return r;
}

static const char *set_value(char *const *environment, const char *name)
{
    const char *value = name ? variable_value(environment, name) : NULL;
    return value && *value ? value : NULL;
}

/* An address as a key keeps it; NULL for the provider's own. Unencrypted ones are the user's
 * affair: the clients would go there too. */
static int take_address(struct keyring *keyring, const char *variable, const char *text,
                        struct key *key, struct keyring_report *report)
{
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    bool encrypted = address_parse(text, false, address, &fault) == 0;
    buffer_finish(&fault);
    if (!encrypted && address_parse(text, true, address, &fault) < 0) {
        buffer_append_format(&report->errors, "%s: %s\n", variable, buffer_text(&fault));
        buffer_finish(&fault);
        return -EINVAL;
    }
    if (!encrypted)
        buffer_append_format(&report->warnings,
                             "%s: keys cross the network unencrypted (http://)\n", variable);
    key->at_provider = strcmp(address, kind_base(&key->kind)) == 0;
    if (!key->at_provider)
        key->base_url = secret_store_add(keyring->store, address, strlen(address));
    return key->at_provider || key->base_url ? 0 : -ENOMEM;
}

/* True if a row's address is not its provider's own. An invalid one is not: it is refused. */
static bool is_elsewhere(const struct addressed *row, const char *text)
{
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    struct kind kind = kind_make(row->kind);
    int r = text ? address_parse(text, true, address, &fault) : 0;
    buffer_finish(&fault);
    return text && (r < 0 || strcmp(address, kind_base(&kind)) != 0);
}

/* The token that a provider's address in the environment was set for; NULL if there is none. */
static const struct addressed *find_addressed(enum provider provider, char *const *environment)
{
    for (size_t i = 0; i < COUNT(addressed); i++) {
        struct kind kind = kind_make(addressed[i].kind);
        if (kind_provider(&kind) == provider && set_value(environment, addressed[i].token) &&
            is_elsewhere(&addressed[i], set_value(environment, addressed[i].address)))
            return &addressed[i];
    }
    return NULL;
}

static int add_single(struct keyring *keyring, const char *variable, char *const *environment,
                      struct keyring_report *report)
{
    const char *token = set_value(environment, variable);
    size_t length = token ? strlen(token) : 0;
    if (token && strchr(token, ','))
        return add_list(keyring, variable, token, report);
    if (token)
        token = token_trim(token, &length);
    if (length == 0)
        return 0;
    struct key *key = add_key(keyring, variable, NULL, 0);
    return key ? add_token(keyring, key, token, length, report) : -ENOMEM;
}

static int add_addressed(struct keyring *keyring, enum provider provider, char *const *environment,
                         struct keyring_report *report)
{
    const struct addressed *row = find_addressed(provider, environment);
    size_t before = keyring->count;
    int r = row ? add_single(keyring, row->token, environment, report) : 0;
    if (r < 0 || keyring->count == before)
        return r;
    return take_address(keyring, row->address, set_value(environment, row->address),
                        &keyring->keys[before], report);
}

/* Whether ANTHROPIC_API_KEY is a master. Where it has an address it is the first key; beside
 * ANTHROPIC_AUTH_TOKEN with one it may be that server's too, if it is not Anthropic's by its
 * beginning. */
static bool is_master(const struct way *way, const char *token, char *const *environment)
{
    const struct addressed *row = find_addressed(PROVIDER_ANTHROPIC, environment);
    struct kind kind;
    if (!row || strcmp(way->master, "ANTHROPIC_API_KEY") != 0)
        return true;
    return strcmp(row->token, way->master) != 0 && kind_from_token(token, &kind) &&
           strcmp(token, set_value(environment, row->token)) != 0;
}

static int read_master(const struct way *way, char *const *environment, struct keyring *keyring,
                       struct keyring_report *report)
{
    const char *token = set_value(environment, way->master);
    if (!token || keyring->has_master || !is_master(way, token, environment))
        return 0;
    struct key *master = &keyring->master;
    *master = (struct key){.name = "master", .place = way->master};
    keyring->has_master = true;
    int r = add_token(keyring, master, token, strlen(token), report);
    if (r < 0 || strcmp(way->master, FALLBACK) != 0)
        return r;
    const char *address = set_value(environment, FALLBACK_ADDRESS);
    master->at_provider = !address;
    return address ? take_address(keyring, FALLBACK_ADDRESS, address, master, report) : 0;
}

static int read_way(const struct way *way, char *const *environment, struct keyring *keyring,
                    struct keyring_report *report)
{
    int r = way->single ? add_single(keyring, way->single, environment, report) : 0;
    for (size_t i = 0; i < 2 && r == 0 && way->lists[i]; i++) {
        const char *list = variable_value(environment, way->lists[i]);
        if (list)
            r = add_list(keyring, way->lists[i], list, report);
    }
    return r < 0 ? r : read_master(way, environment, keyring, report);
}

static int read_anthropic(char *const *environment, struct keyring *keyring,
                          struct keyring_report *report)
{
    int r = read_way(&ways[0], environment, keyring, report);
    if (r < 0 || keyring->count > 0)
        return r;
    r = add_addressed(keyring, PROVIDER_ANTHROPIC, environment, report);
    size_t before = keyring->count;
    for (size_t i = 1; i < COUNT(ways) && r == 0 && keyring->count == before; i++)
        r = read_way(&ways[i], environment, keyring, report);
    return r;
}

static int check_names(const struct keyring *keyring, struct keyring_report *report)
{
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        const struct key *key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(key->name, keyring->keys[j].name) != 0)
                continue;
            buffer_append_format(&report->errors, "%s: two keys are named \"%s\"\n", key->place,
                                 key->name);
            return -EINVAL;
        }
    }
    return 0;
}

int keyenv_parse(char *const *environment, struct keyring *ret_keyring,
                 struct keyring_report *report)
{
    struct keyring keyring = {0};
    *ret_keyring = (struct keyring){0};
    int r = keyring_init(&keyring);
    if (r == 0)
        r = read_anthropic(environment, &keyring, report);
    if (r == 0)
        r = add_addressed(&keyring, PROVIDER_OPENAI, environment, report);
    for (size_t i = 0; i < COUNT(others) && r == 0; i++) {
        const char *list = variable_value(environment, others[i].list);
        if (list)
            r = add_list(&keyring, others[i].list, list, report);
    }
    if (r == 0)
        r = check_names(&keyring, report);
    if (r < 0 || (keyring.count == 0 && !keyring.has_master)) {
        keyring_finish(&keyring);
        return r;
    }
    *ret_keyring = keyring;
    return 1;
}

const char *keyenv_own(char *const *environment)
{
    static const char *const names[] = {"TCR_KEYS",           "CLAUDE_CODE_OAUTH_TOKENS",
                                        "ANTHROPIC_API_KEYS", "OPENAI_API_KEYS",
                                        "CURSOR_API_KEYS",    "TCR_MASTER_KEY"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = variable_value(environment, names[i]);
        if (value && *value)
            return names[i];
    }
    return NULL;
}
