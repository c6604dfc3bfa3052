#include "core/gateway/pagebody.h"

#include "core/gateway/control.h"
#include "core/pool/keyring.h"
#include "core/pool/kind.h"
#include "core/pool/modelmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_LARGEST 16384

/* ---- a key ---- */

static int refuse(struct buffer *error, const char *sentence)
{
    buffer_clear(error);
    buffer_append_text(error, sentence);
    return -EINVAL;
}

/* The mistake of a hurried hand: the secret in the wrong field. */
static bool may_be_secret(const char *text, const char *secret)
{
    struct kind kind;
    return strstr(text, secret) || strncmp(text, "sk-", 3) == 0 || strstr(text, "sk-ant-") ||
           kind_from_token(text, &kind);
}

static int read_secret(const cJSON *body, struct pagebody_key *key, struct buffer *error)
{
    key->secret = json_string(body, "secret");
    if (!key->secret || !*key->secret)
        return refuse(error, "secret: expected the key's secret");
    if (strlen(key->secret) > SECRET_LARGEST || strpbrk(key->secret, "\r\n"))
        return refuse(error, "secret: expected one line of at most 16 KiB");
    return 0;
}

static int read_name(const cJSON *body, struct pagebody_key *key, struct buffer *error)
{
    key->name = json_string(body, "name");
    if (!key->name || !*key->name)
        return refuse(error, "name: expected a name for the key");
    if (*key->name == '-' || strlen(key->name) >= CONTROL_NAME)
        return refuse(error, "name: expected less than 128 bytes, and no '-' before them");
    return may_be_secret(key->name, key->secret) ? refuse(error, "name: this looks like a secret")
                                                 : 0;
}

static int read_kind(const cJSON *body, struct pagebody_key *key, struct buffer *error)
{
    struct kind kind;
    const cJSON *item = json_get(body, "kind");
    const char *text = cJSON_GetStringValue(item);
    if (!item || cJSON_IsNull(item) || (text && !*text))
        return 0;
    bool known = text && (strncmp(text, "env:", 4) == 0 ? kind_from_variable(text + 4, &kind)
                                                        : kind_from_name(text, &kind));
    if (!known || may_be_secret(text, key->secret))
        return refuse(error, "kind: expected oauth, api, bearer, openai, cursor or env:VARIABLE");
    key->kind = text;
    return 0;
}

static int read_address(const cJSON *body, struct pagebody_key *key, struct buffer *error)
{
    const cJSON *item = json_get(body, "base_url");
    const char *text = cJSON_GetStringValue(item);
    struct buffer why = {0};
    if (!item || cJSON_IsNull(item) || (text && !*text))
        return 0;
    int r = text ? address_parse(text, false, key->base_url, &why) : -EINVAL;
    if (r == 0 && may_be_secret(key->base_url, key->secret))
        r = refuse(error, "base_url: this looks like a secret");
    else if (r < 0)
        buffer_append_format(error, "base_url: %s",
                             why.length > 0 ? buffer_text(&why) : "expected an address");
    buffer_finish(&why);
    return r;
}

int pagebody_read_key(const cJSON *body, struct pagebody_key *ret_key, struct buffer *error)
{
    struct pagebody_key key = {0};
    int r = read_secret(body, &key, error);
    if (r == 0)
        r = read_name(body, &key, error);
    if (r == 0)
        r = read_kind(body, &key, error);
    if (r == 0)
        r = read_address(body, &key, error);
    const cJSON *priority = json_get(body, "priority");
    key.has_priority = priority && !cJSON_IsNull(priority);
    if (r == 0 && key.has_priority &&
        (!json_integer(body, "priority", &key.priority) || key.priority < INT32_MIN ||
         key.priority > INT32_MAX))
        r = refuse(error, "priority: expected a whole number; lower ones are tried first");
    if (r == 0)
        *ret_key = key;
    return r;
}

/* ---- models ---- */

static bool has_separator(const char *name)
{
    return strpbrk(name, "=,;") != NULL;
}

static int append_rule(struct buffer *rules, const cJSON *rule, struct buffer *error)
{
    const cJSON *item = cJSON_IsArray(rule) ? rule->child : rule;
    if (has_separator(rule->string) || !item)
        return refuse(error, item ? "a model's name has no '=', ',' or ';' here"
                                  : "a rule leads to one model at least");
    buffer_append_format(rules, "%s%s=", rules->length > 0 ? ";" : "", rule->string);
    for (bool first = true; item; item = cJSON_IsArray(rule) ? item->next : NULL, first = false) {
        const char *name = cJSON_GetStringValue(item);
        if (!name || has_separator(name))
            return refuse(error, name ? "a model's name has no '=', ',' or ';' here"
                                      : "expected names of models");
        buffer_append_format(rules, "%s%s", first ? "" : ",", name);
    }
    return 0;
}

int pagebody_read_fallback(const cJSON *body, struct buffer *ret_rules, struct buffer *error)
{
    struct keyring keyring;
    const cJSON *rule;
    int r = cJSON_IsObject(body) ? 0
                                 : refuse(error, "expected an object such as {\"claude-opus-*\": "
                                                 "[\"claude-sonnet-*\"]}");
    if (r == 0)
        cJSON_ArrayForEach (rule, body) {
            r = append_rule(ret_rules, rule, error);
            if (r < 0)
                return r;
        }
    if (r < 0 || ret_rules->length == 0)
        return r;
    if (ret_rules->failed || keyring_init(&keyring) < 0)
        return -ENOMEM;
    r = modelmap_parse(&keyring, buffer_text(ret_rules), error);
    keyring_finish(&keyring);
    return r;
}

/* ---- a check ---- */

bool pagebody_tell_check(const char *printed, bool *ret_valid, struct buffer *text)
{
    const char *start = strchr(printed, '{'), *end = strrchr(printed, '}');
    CLEANUP_JSON cJSON *json =
        start && end > start ? json_parse(start, (size_t)(end - start) + 1, NULL) : NULL;
    const cJSON *check = cJSON_GetArrayItem(json_get(json, "keys"), 0);
    const char *name = json_string(check, "name"), *state = json_string(check, "state");
    const char *reason = json_string(check, "reason");
    int64_t took;
    if (!name || !state)
        return false;
    *ret_valid = strcmp(state, "valid") == 0;
    buffer_append_format(text, "\"%s\" is %s", name, state);
    if (*ret_valid && json_integer(check, "milliseconds", &took))
        buffer_append_format(text, ", answered in %lld ms", (long long)took);
    if (reason)
        buffer_append_format(text, ": %s", reason);
    buffer_append_text(text, "; the check costs nothing");
    return true;
}
