#include "core/pool/keyenv.h"

#include "base/variable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ",\n\r"

/* Each row is one way; the first that gives pool keys is taken, and the first master up to there. A
 * list holds many tokens, a master one. */
static const struct way {
    const char *lists[2];
    const char *master;
} ways[] = {
    {{"TCR_KEYS", NULL}, "TCR_MASTER_KEY"},
    {{"CLAUDE_CODE_OAUTH_TOKENS", "ANTHROPIC_API_KEYS"}, "CLAUDE_FALLBACK_API_KEY"},
    {{"CLAUDE_CODE_OAUTH_TOKEN", NULL}, "ANTHROPIC_API_KEY"},
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
               strcmp(variable, "CLAUDE_FALLBACK_API_KEY") == 0;
    bool oauth =
        strncmp(variable, "CLAUDE_CODE_OAUTH_TOKEN", strlen("CLAUDE_CODE_OAUTH_TOKEN")) == 0;
    if (api || oauth)
        *ret_kind = kind_make(api ? KIND_API : KIND_OAUTH);
    for (size_t i = 0; i < COUNT(others); i++)
        if (strcmp(variable, others[i].list) == 0) {
            *ret_kind = kind_make(others[i].kind);
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

/* "name=token"; a token itself may hold '=' when it starts like one. With anything else before it
 * it is no name either: names are shown, and stand in the state. */
static const char *split_name(const char *item, size_t length)
{
    static const char token[] = "sk-ant-";
    if (length > 3 && memcmp(item, "sk-", 3) == 0)
        return NULL;
    const char *equals = memchr(item, '=', length);
    if (equals && memmem(item, (size_t)(equals - item), token, sizeof token - 1))
        return NULL;
    /* Base64's filling at a token's end. */
    if (equals && length > (size_t)(equals + 1 - item) && equals[1] == '=')
        return NULL;
    return equals;
}

static int add_item(struct keyring *keyring, const char *variable, const char *item, size_t length,
                    struct keyring_report *report)
{
    struct key *grown = realloc(keyring->keys, (keyring->count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    keyring->keys = grown;
    struct key *key = &grown[keyring->count++];
    *key = (struct key){.place = variable};
    const char *equals = split_name(item, length);
    char number[32];
    int digits = snprintf(number, sizeof number, "key%zu", keyring->count);
    key->name = equals ? secret_store_add(keyring->store, item, (size_t)(equals - item))
                       : secret_store_add(keyring->store, number, (size_t)digits);
    if (!key->name)
        return -ENOMEM;
    if (equals) {
        length -= (size_t)(equals + 1 - item);
        item = equals + 1;
    }
    return add_token(keyring, key, item, length, report);
}

static int add_list(struct keyring *keyring, const char *variable, const char *list,
                    struct keyring_report *report)
{
    int r = 0;
    while (*list && r != -ENOMEM) {
        list += strspn(list, SEPARATORS " \t");
        size_t length = strcspn(list, SEPARATORS);
        if (length > 0) {
            int added = add_item(keyring, variable, list, length, report);
            r = added < 0 ? added : r;
        }
        list += length;
    }
    return r;
}

static int read_way(const struct way *way, char *const *environment, struct keyring *keyring,
                    struct keyring_report *report)
{
    int r = 0;
    for (size_t i = 0; i < 2 && r == 0 && way->lists[i]; i++) {
        const char *list = variable_value(environment, way->lists[i]);
        if (list)
            r = add_list(keyring, way->lists[i], list, report);
    }
    const char *master = variable_value(environment, way->master);
    if (r == 0 && master && *master && !keyring->has_master) {
        keyring->master = (struct key){.name = "master", .place = way->master};
        keyring->has_master = true;
        r = add_token(keyring, &keyring->master, master, strlen(master), report);
    }
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
    for (size_t i = 0; i < COUNT(ways) && r == 0 && keyring.count == 0; i++)
        r = read_way(&ways[i], environment, &keyring, report);
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
