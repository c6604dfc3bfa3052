#include "core/state/users.h"

#include "base/json.h"
#include "base/jsontext.h"
#include "base/text.h"
#include "base/wildcard.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* False for what is there and is not such a text: cut or left out, it would allow more. */
static bool take_text(const cJSON *json, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string(json, name);
    bool fits = text ? strlen(text) < size && text_is_utf8(text) : !json_get(json, name);
    *ret_text = '\0';
    if (text && fits)
        memcpy(ret_text, text, strlen(text) + 1);
    return fits;
}

static bool take_number(const cJSON *json, const char *name, int64_t *ret_number)
{
    int64_t number = 0;
    if (json_get(json, name) && (!json_integer(json, name, &number) || number < 0))
        return false;
    *ret_number = number;
    return true;
}

/* False if it cannot be one. A limit that is not understood, after an edit by hand, ends the key.
 */
static bool read_user(const cJSON *json, struct user *ret_user)
{
    struct user user = {0};
    const cJSON *revoked = json_get(json, "revoked");
    bool named = take_text(json, "name", user.name, sizeof user.name) && *user.name &&
                 take_text(json, "hash", user.hash, sizeof user.hash) &&
                 strlen(user.hash) == USER_HASH - 1;
    bool clear = !revoked || cJSON_IsBool(revoked);
    clear &= take_text(json, "models", user.models, sizeof user.models);
    clear &= take_number(json, "created", &user.created);
    clear &= take_number(json, "expires", &user.expires);
    clear &= take_number(json, "money_per_day", &user.money_per_day);
    clear &= take_number(json, "requests_per_day", &user.requests_per_day);
    user.revoked = !clear || cJSON_IsTrue(revoked);
    *ret_user = user;
    return named;
}

int users_parse(const char *text, struct users *ret_users)
{
    *ret_users = (struct users){0};
    if (!text)
        return 0;
    CLEANUP_JSON cJSON *json = NULL;
    int r = json_read(text, strlen(text), &json, NULL);
    if (r == -ENOMEM)
        return r;
    const cJSON *item, *list = cJSON_IsArray(json) ? json : NULL;
    cJSON_ArrayForEach (item, list) {
        struct user user;
        if (read_user(item, &user))
            r = users_add(ret_users, &user);
        if (r == -ENOMEM)
            return r;
    }
    return 0;
}

void users_finish(struct users *users)
{
    free(users->list);
    *users = (struct users){0};
}

static void print_user(struct buffer *text, const struct user *user)
{
    jsontext_comma(text);
    buffer_append_char(text, '{');
    jsontext_add_string(text, "name", user->name);
    jsontext_add_string(text, "hash", user->hash);
    jsontext_add_integer(text, "created", user->created);
    if (*user->models)
        jsontext_add_string(text, "models", user->models);
    if (user->expires > 0)
        jsontext_add_integer(text, "expires", user->expires);
    if (user->money_per_day > 0)
        jsontext_add_integer(text, "money_per_day", user->money_per_day);
    if (user->requests_per_day > 0)
        jsontext_add_integer(text, "requests_per_day", user->requests_per_day);
    if (user->revoked) {
        jsontext_name(text, "revoked");
        buffer_append_text(text, "true");
    }
    buffer_append_char(text, '}');
}

char *users_print(const struct users *users)
{
    struct buffer text = {0};
    buffer_append_char(&text, '[');
    for (size_t i = 0; i < users->count; i++)
        print_user(&text, &users->list[i]);
    buffer_append_char(&text, ']');
    return buffer_take(&text);
}

struct user *users_find(struct users *users, const char *name)
{
    for (size_t i = 0; i < users->count; i++)
        if (strcmp(users->list[i].name, name) == 0)
            return &users->list[i];
    return NULL;
}

int users_add(struct users *users, const struct user *user)
{
    struct user *more = realloc(users->list, (users->count + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    users->list = more;
    more[users->count++] = *user;
    return 0;
}

void users_remove(struct users *users, struct user *user)
{
    size_t at = (size_t)(user - users->list);
    users->count--;
    memmove(user, user + 1, (users->count - at) * sizeof *user);
}

void user_hash(const char *key, size_t length, char ret_hash[USER_HASH])
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, length, NULL, 0);
    sodium_bin2hex(ret_hash, USER_HASH, hash, sizeof hash);
}

const struct user *users_identify(const struct users *users, const char *key, size_t length)
{
    char hash[USER_HASH];
    const struct user *found = NULL;
    user_hash(key, length, hash);
    for (size_t i = 0; i < users->count; i++)
        if (sodium_memcmp(users->list[i].hash, hash, USER_HASH - 1) == 0)
            found = &users->list[i];
    return found;
}

bool user_may_enter(const struct user *user, int64_t now)
{
    return !user->revoked && (user->expires == 0 || now < user->expires);
}

bool user_may_use(const struct user *user, const char *model)
{
    char patterns[USER_MODELS], *rest = patterns, *pattern;
    snprintf(patterns, sizeof patterns, "%s", user->models);
    while ((pattern = strsep(&rest, ",")))
        if (!*user->models || wildcard_matches(pattern, model))
            return true;
    return false;
}
