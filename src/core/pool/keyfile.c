#include "core/pool/keyfile.h"

#include "core/pool/address.h"
#include "core/pool/agentfields.h"
#include "core/pool/keyentry.h"
#include "core/pool/modelfields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse_name(struct reader *reader, const char *place, const char *name)
{
    struct buffer text = {0};
    keyring_append_unknown(reader->keyring, name, &text);
    fields_mistake(reader, place, "keys", "%s", buffer_text(&text));
    buffer_finish(&text);
}

static void read_profile_keys(struct reader *reader, const char *place, const cJSON *item,
                              void *target)
{
    (void)target;
    if (!cJSON_IsArray(item))
        fields_wrong_type(reader, place, item, "an array of key names");
    const cJSON *name;
    cJSON_ArrayForEach (name, item) {
        if (!cJSON_IsString(name))
            fields_mistake(reader, place, "keys", "expected key names, found %s",
                           json_type_name(name));
        else if (!keyring_find(reader->keyring, name->valuestring))
            refuse_name(reader, place, name->valuestring);
    }
}

static void read_profile_master(struct reader *reader, const char *place, const cJSON *item,
                                void *target)
{
    (void)target;
    if (!cJSON_IsBool(item))
        fields_wrong_type(reader, place, item, "true or false");
}

/* Where the profile's gateway listens: see keyfile_gateway_port. */
static void read_profile_port(struct reader *reader, const char *place, const cJSON *item,
                              void *target)
{
    int port = 0;
    (void)target;
    fields_read_whole(reader, place, item, 1, 65535, &port);
}

static void read_profiles(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {{"keys", read_profile_keys},
                                          {"master", read_profile_master},
                                          {"port", read_profile_port},
                                          {NULL, NULL}};
    struct keyring *keyring = target;
    if (!cJSON_IsObject(item)) {
        fields_wrong_type(reader, place, item, "an object");
        return;
    }
    const cJSON *profile;
    cJSON_ArrayForEach (profile, item) {
        char at[FIELDS_PLACE];
        snprintf(at, sizeof at, "profiles.%s", profile->string);
        if (!cJSON_IsObject(profile))
            fields_mistake(reader, at, "", "expected an object, found %s", json_type_name(profile));
        else
            fields_read(reader, at, profile, fields, NULL);
    }
    keyring->profiles = cJSON_Duplicate(item, 1);
    if (!keyring->profiles)
        reader->out_of_memory = true;
}

static void read_retries(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct policy *policy = target;
    fields_read_whole(reader, place, item, 0, POLICY_MAX_RETRIES, &policy->retries);
    policy->retries_set = true;
}

static void read_max_per_key(struct reader *reader, const char *place, const cJSON *item,
                             void *target)
{
    struct policy *policy = target;
    fields_read_whole(reader, place, item, 1, POLICY_MAX_PER_KEY, &policy->max_per_key);
}

static void read_policy_text(struct reader *reader, const char *place, const char *field,
                             struct policy *policy, const char *text,
                             int (*parse)(struct policy *, const char *, struct buffer *))
{
    struct buffer fault = {0};
    int r = parse(policy, text, &fault);
    if (r == -ENOMEM)
        reader->out_of_memory = true;
    else if (r < 0)
        fields_mistake(reader, place, field, "%s", buffer_text(&fault));
    buffer_finish(&fault);
}

static void read_cooldown(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    char text[128];
    if (cJSON_IsString(item)) {
        read_policy_text(reader, place, "cooldown", target, item->valuestring,
                         policy_parse_cooldown);
    } else if (cJSON_IsNumber(item)) {
        snprintf(text, sizeof text, "%.0f", item->valuedouble);
        read_policy_text(reader, place, "cooldown", target, text, policy_parse_cooldown);
    } else if (!cJSON_IsObject(item)) {
        fields_wrong_type(reader, place, item,
                          "an object such as {\"limit\": \"5m\"}, or one time");
    }
    const cJSON *class, *classes = cJSON_IsObject(item) ? item : NULL;
    cJSON_ArrayForEach (class, classes) {
        if (cJSON_IsString(class))
            snprintf(text, sizeof text, "%.40s=%.80s", class->string, class->valuestring);
        else if (cJSON_IsNumber(class))
            snprintf(text, sizeof text, "%.40s=%.0f", class->string, class->valuedouble);
        else
            snprintf(text, sizeof text, "%.40s=%s", class->string, json_type_name(class));
        read_policy_text(reader, place, "cooldown", target, text, policy_parse_cooldown);
    }
}

static void read_retry_on(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "a string such as \"limit,auth\"");
    else
        read_policy_text(reader, place, "retry_on", target, item->valuestring,
                         policy_parse_retry_on);
}

static void read_gateway(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "\"auto\", \"on\" or \"off\"");
    else
        read_policy_text(reader, place, "gateway", target, item->valuestring, policy_parse_gateway);
}

static void read_notify(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct policy *policy = target;
    if (!cJSON_IsBool(item))
        fields_wrong_type(reader, place, item, "true or false");
    else
        policy->notify = cJSON_IsTrue(item);
}

static void read_refresh_before(struct reader *reader, const char *place, const cJSON *item,
                                void *target)
{
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "a length of time such as \"10m\"");
    else
        read_policy_text(reader, place, "refresh_before", target, item->valuestring,
                         policy_parse_refresh_before);
}

static void read_client_id(struct reader *reader, const char *place, const cJSON *item,
                           void *target)
{
    struct keyring *keyring = target;
    fields_read_text(reader, place, item, &keyring->oauth_client_id);
}

/* Tokens go there that are worth a month. */
static void read_token_url(struct reader *reader, const char *place, const cJSON *item,
                           void *target)
{
    struct keyring *keyring = target;
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "an address that begins with https://");
    else if (address_parse(item->valuestring, false, address, &fault) < 0)
        fields_mistake(reader, place, "token_url", "%s", buffer_text(&fault));
    else
        keyring->oauth_token_url = fields_keep(reader, address);
    buffer_finish(&fault);
}

static void read_oauth(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {
        {"token_url", read_token_url}, {"client_id", read_client_id}, {NULL, NULL}};
    (void)target;
    if (!cJSON_IsObject(item))
        fields_wrong_type(reader, place, item, "an object such as {\"token_url\": \"https://…\"}");
    else
        fields_read(reader, "policy.oauth", item, fields, reader->keyring);
}

static void read_policy(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {
        {"retries", read_retries},   {"cooldown", read_cooldown},
        {"retry_on", read_retry_on}, {"max_per_key", read_max_per_key},
        {"gateway", read_gateway},   {"refresh_before", read_refresh_before},
        {"oauth", read_oauth},       {"notify", read_notify},
        {"agent", agentfields_read}, {NULL, NULL}};
    struct keyring *keyring = target;
    if (!cJSON_IsObject(item))
        fields_wrong_type(reader, place, item, "an object");
    else
        fields_read(reader, "policy", item, fields, &keyring->policy);
}

static void read_per_key(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct keyring *keyring = target;
    fields_read_money(reader, place, item, &keyring->budget_per_key);
}

static void read_budget(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {{"per_key", read_per_key}, {NULL, NULL}};
    if (!cJSON_IsObject(item))
        fields_wrong_type(reader, place, item, "an object such as {\"per_key\": \"5.00/day\"}");
    else
        fields_read(reader, "budget", item, fields, target);
}

static int compare_names(const void *left, const void *right)
{
    const struct key *a = *(struct key *const *)left, *b = *(struct key *const *)right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a > b) - (a < b);
}

static void check_names(struct reader *reader)
{
    struct keyring *keyring = reader->keyring;
    struct key **sorted = calloc(keyring->count + 1, sizeof(struct key *));
    if (!sorted) {
        reader->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < keyring->count; i++)
        sorted[i] = &keyring->keys[i];
    qsort(sorted, keyring->count, sizeof(struct key *), compare_names);
    for (size_t i = 1; i < keyring->count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            fields_mistake(reader, sorted[i]->place, "name", "\"%s\" is the name of %s already",
                           sorted[i]->name, sorted[i - 1]->place);
    free(sorted);
    for (size_t i = 0; keyring->has_master && i < keyring->count; i++)
        if (strcmp(keyring->keys[i].name, keyring->master.name) == 0)
            fields_mistake(reader, "master", "name", "\"%s\" is the name of %s already",
                           keyring->master.name, keyring->keys[i].place);
}

static void read_version(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    (void)target;
    if (!cJSON_IsNumber(item) || item->valuedouble < 1)
        fields_mistake(reader, place, "version", "expected the number %d, found %s",
                       KEYRING_VERSION, json_type_name(item));
    else if (item->valuedouble > KEYRING_VERSION)
        fields_mistake(reader, place, "version",
                       "%g is of a newer tcr-run; this one reads up to %d: install the newer one",
                       item->valuedouble, KEYRING_VERSION);
}

/* In this order: profiles name keys, so keys come first whatever the file's order. */
static const struct field file_fields[] = {
    {"version", read_version},
    {"keys", keyentry_read_keys},
    {"master", keyentry_read_master},
    {"profiles", NULL},
    {"policy", read_policy},
    {"budget", read_budget},
    {"model_fallback", modelfields_read_fallback},
    {NULL, NULL},
};

static int read_file(struct reader *reader, const cJSON *json)
{
    struct keyring *keyring = reader->keyring;
    if (!cJSON_IsObject(json)) {
        fields_mistake(reader, "", "the file", "expected an object {\"keys\": [...]}, found %s",
                       json_type_name(json));
        return -EINVAL;
    }
    fields_read(reader, "", json, file_fields, keyring);
    if (!reader->out_of_memory)
        check_names(reader);
    const cJSON *profiles = json_get(json, "profiles");
    if (profiles && !reader->out_of_memory)
        read_profiles(reader, "", profiles, keyring);
    struct keyring_report *report = reader->report;
    if (report->errors.length == 0 && keyring->count == 0 && !keyring->has_master)
        fields_mistake(reader, "", "keys",
                       "there are none; add one such as {\"name\": \"home\", \"token\": "
                       "\"sk-ant-oat01-...\"}");
    if (reader->out_of_memory || report->errors.failed || report->warnings.failed)
        return -ENOMEM;
    return report->errors.length > 0 ? -EINVAL : 0;
}

static bool is_blank(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && strchr(" \t\r\n", text[i]) && text[i])
        i++;
    return i == length;
}

int keyfile_parse(const char *text, size_t length, struct keyring *ret_keyring,
                  struct keyring_report *report)
{
    struct json_place place;
    struct keyring keyring;
    struct reader reader = {.keyring = &keyring, .report = report};
    *ret_keyring = (struct keyring){0};
    CLEANUP_JSON cJSON *json = NULL;
    int r = json_read(text, length, &json, &place);
    if (r == -ENOMEM)
        return r;
    if (r < 0 && is_blank(text, length)) {
        buffer_append_text(&report->errors, "it is empty; tcr-run keys add puts a key there\n");
        return -EINVAL;
    }
    if (r < 0) {
        buffer_append_format(&report->errors,
                             "line %d, column %d: this is not JSON; expected {\"keys\": [...]}\n",
                             place.line, place.column);
        return -EINVAL;
    }
    r = keyring_init(&keyring);
    if (r < 0)
        return r;
    r = read_file(&reader, json);
    if (r < 0)
        keyring_finish(&keyring);
    else
        *ret_keyring = keyring;
    return r;
}

int keyfile_gateway_port(const char *bytes, size_t length, const char *profile)
{
    cJSON *json = json_parse(bytes, length, NULL);
    const cJSON *port = json_get(json_get(json_get(json, "profiles"), profile), "port");
    int number = cJSON_IsNumber(port) ? port->valueint : 0;
    json_destroy(json);
    return number > 0 && number <= 65535 ? number : 0;
}
