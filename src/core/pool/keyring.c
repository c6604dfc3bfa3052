#include "core/pool/keyring.h"

#include "base/json.h"
#include "base/nearest.h"
#include "core/pool/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SETUP_TOKEN_LIFE (365 * (int64_t)86400)
#define SPOKEN_OF_BEFORE (30 * (int64_t)86400)

void keyring_report_finish(struct keyring_report *report)
{
    buffer_finish(&report->errors);
    buffer_finish(&report->warnings);
}

int keyring_init(struct keyring *ret_keyring)
{
    struct secret_store *store = secret_store_create();
    if (!store)
        return -ENOMEM;
    *ret_keyring = (struct keyring){.store = store, .policy = policy_default()};
    return 0;
}

static void finish_key(struct key *key)
{
    free((void *)key->command);
    free((void *)key->variables);
    free((void *)key->models);
    free((void *)key->headers);
}

void keyring_finish(struct keyring *keyring)
{
    for (size_t i = 0; i < keyring->count; i++)
        finish_key(&keyring->keys[i]);
    finish_key(&keyring->master);
    free(keyring->keys);
    free(keyring->chains);
    json_destroy(keyring->profiles);
    secret_store_destroy(keyring->store);
    *keyring = (struct keyring){0};
}

int keyring_set_token(struct keyring *keyring, struct key *key, const char *bytes, size_t length,
                      struct buffer *error)
{
    struct buffer fault = {0};
    bytes = token_trim(bytes, &length);
    int r = token_check(bytes, length, key->kind_known ? &key->kind : NULL, &fault);
    if (r < 0)
        buffer_append_format(error, "the token %s", buffer_text(&fault));
    buffer_finish(&fault);
    if (r < 0)
        return r;
    const char *token = secret_store_add(keyring->store, bytes, length);
    if (!token)
        return -ENOMEM;
    struct kind by_prefix;
    bool known = kind_from_token(token, &by_prefix);
    if (!key->kind_known && !known) {
        buffer_append_text(error, "unknown kind of token; it starts with neither sk-ant-oat nor "
                                  "sk-ant-api; add \"kind\"");
        return -EINVAL;
    }
    if (!key->kind_known)
        key->kind = by_prefix;
    key->kind_known = true;
    key->token = token;
    return 0;
}

/* One token may be known to several servers. */
static const char *own_address(const struct key *key)
{
    return key->base_url ? key->base_url : "";
}

static int compare_tokens(const void *left, const void *right)
{
    const struct key *a = *(struct key *const *)left, *b = *(struct key *const *)right;
    int order = strcmp(a->token, b->token);
    if (order == 0)
        order = strcmp(own_address(a), own_address(b));
    /* Both lie in one array: the earlier one stays in. */
    return order ? order : (a > b) - (a < b);
}

int keyring_drop_duplicates(struct keyring *keyring, struct keyring_report *report)
{
    struct key **sorted = calloc(keyring->count + 1, sizeof(struct key *));
    size_t count = 0;
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < keyring->count; i++)
        if (keyring->keys[i].token && !keyring->keys[i].left_out)
            sorted[count++] = &keyring->keys[i];
    qsort(sorted, count, sizeof(struct key *), compare_tokens);
    struct key *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!first || strcmp(first->token, sorted[i]->token) != 0 ||
            strcmp(own_address(first), own_address(sorted[i])) != 0) {
            first = sorted[i];
            continue;
        }
        sorted[i]->left_out = true;
        buffer_append_format(&report->warnings,
                             "%s: \"%s\" has the same token as \"%s\" (%s); it adds nothing and is "
                             "left out\n",
                             sorted[i]->place, sorted[i]->name, first->name, first->place);
    }
    free(sorted);
    return 0;
}

struct key *keyring_find(struct keyring *keyring, const char *name)
{
    for (size_t i = 0; i < keyring->count; i++)
        if (strcmp(keyring->keys[i].name, name) == 0)
            return &keyring->keys[i];
    if (keyring->has_master && strcmp(keyring->master.name, name) == 0)
        return &keyring->master;
    return NULL;
}

void keyring_append_unknown(const struct keyring *keyring, const char *name, struct buffer *text)
{
    struct nearest nearest = nearest_begin(name, strlen(name));
    for (size_t i = 0; i < keyring->count; i++)
        nearest_consider(&nearest, keyring->keys[i].name);
    if (keyring->has_master)
        nearest_consider(&nearest, keyring->master.name);
    buffer_append_format(text, "there is no key \"%s\"; ", name);
    if (!nearest_append(&nearest, text))
        buffer_append_text(text, "tcr-run keys list shows them");
}

static bool profile_has(const cJSON *names, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, names)
        if (strcmp(cJSON_GetStringValue(item), name) == 0)
            return true;
    return false;
}

static void refuse_profile(const struct keyring *keyring, const char *profile, struct buffer *error)
{
    struct nearest nearest = nearest_begin(profile, strlen(profile));
    const cJSON *other = NULL;
    const char *separator = "; there are: ";
    buffer_append_format(error, "there is no profile \"%s\"", profile);
    cJSON_ArrayForEach (other, (const cJSON *)keyring->profiles)
        nearest_consider(&nearest, other->string);
    if (nearest.word) {
        buffer_append_text(error, "; ");
        (void)nearest_append(&nearest, error);
        return;
    }
    cJSON_ArrayForEach (other, (const cJSON *)keyring->profiles) {
        buffer_append_format(error, "%s%s", separator, other->string);
        separator = ", ";
    }
    if (*separator == ';')
        buffer_append_text(error,
                           ", nor any other; \"profiles\" in tcr-keys(5) tells how to write one");
}

int keyring_apply_profile(struct keyring *keyring, const char *profile, struct buffer *error)
{
    const cJSON *found = json_get(keyring->profiles, profile);
    if (!found) {
        refuse_profile(keyring, profile, error);
        return -EINVAL;
    }
    const cJSON *names = json_get(found, "keys");
    for (size_t i = 0; names && i < keyring->count; i++)
        if (!profile_has(names, keyring->keys[i].name))
            keyring->keys[i].left_out = true;
    if (cJSON_IsFalse(json_get(found, "master")))
        keyring->has_master = false;
    return 0;
}

/* Whether or not the provider still takes the refresh token. */
static bool is_renewable(const struct key *key)
{
    return key->has_refresh_token && key->source == KEY_INLINE && key->kind_known &&
           key->kind.id == KIND_OAUTH && (!key->base_url || key->at_provider);
}

bool key_renews(const struct key *key)
{
    return is_renewable(key) && key->refresh_ended == 0;
}

bool key_renews_in_folder(const struct key *key)
{
    return key->source == KEY_CONFIG_DIR && (!key->base_url || key->at_provider);
}

int64_t key_end(const struct key *key)
{
    bool is_setup_token = key->kind_known && key->kind.id == KIND_OAUTH && key->added > 0;
    if (key_renews(key))
        return 0;
    if (key->expires > 0)
        return key->expires;
    return is_setup_token ? key->added + SETUP_TOKEN_LIFE : 0;
}

bool key_ends_soon(const struct key *key, int64_t now)
{
    int64_t end = key_end(key);
    return end > 0 && end - now <= SPOKEN_OF_BEFORE;
}

void key_identity_source(const struct key *key, struct buffer *bytes)
{
    if (key->source == KEY_COMMAND) {
        buffer_append(bytes, "command", sizeof "command");
        for (const char *const *word = key->command; *word; word++)
            buffer_append(bytes, *word, strlen(*word) + 1);
    } else if (key->source == KEY_CONFIG_DIR) {
        buffer_append(bytes, "config_dir", sizeof "config_dir");
        buffer_append_text(bytes, key->config_dir);
    } else if (is_renewable(key)) {
        buffer_append(bytes, "renewed", sizeof "renewed");
        buffer_append_text(bytes, key->name);
    } else if (key->token) {
        buffer_append_text(bytes, key->token);
    }
    if (key->base_url) { /* no token holds a NUL */
        buffer_append_char(bytes, '\0');
        buffer_append_text(bytes, key->base_url);
    }
}

int64_t keyring_budget(const struct keyring *keyring, const struct key *key)
{
    if (key->budget > 0 || key == &keyring->master)
        return key->budget;
    return keyring->budget_per_key;
}
