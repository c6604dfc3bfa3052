#include "core/pool/keyentry.h"

#include "core/pool/keydate.h"
#include "core/pool/keytarget.h"
#include "core/pool/modelfields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_name(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    if (!cJSON_IsString(item)) {
        fields_wrong_type(reader, place, item, "a string");
        return;
    }
    const char *fault = fields_name_fault(item->valuestring);
    if (fault)
        fields_mistake(reader, place, "name", "%s", fault);
    if (item->valuestring[0])
        key->name = fields_keep(reader, item->valuestring);
}

static void read_token(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    (void)target;
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "a string");
}

static void read_token_file(struct reader *reader, const char *place, const cJSON *item,
                            void *target)
{
    struct key *key = target;
    fields_read_text(reader, place, item, &key->token_file);
}

static void read_token_command(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    struct key *key = target;
    int count = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;
    if (count == 0) {
        fields_mistake(
            reader, place, item->string,
            "expected an array of words such as [\"pass\", \"show\", \"claude\"], found %s",
            cJSON_IsArray(item) ? "an empty one" : json_type_name(item));
        return;
    }
    const char **words = calloc((size_t)count + 1, sizeof(char *));
    if (!words) {
        reader->out_of_memory = true;
        return;
    }
    for (int i = 0; i < count; i++) {
        const cJSON *word = cJSON_GetArrayItem(item, i);
        if (!cJSON_IsString(word))
            fields_mistake(reader, place, item->string, "word %d: expected a string, found %s",
                           i + 1, json_type_name(word));
        else
            words[i] = fields_keep(reader, word->valuestring);
    }
    free((void *)key->command);
    key->command = words;
}

/* The same as a token_command, with messages of its own. */
static void read_keychain(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const char *const words[] = {"security", "find-generic-password", "-w", "-s"};
    const size_t count = sizeof words / sizeof words[0];
    struct key *key = target;
    fields_read_text(reader, place, item, &key->keychain);
    if (!key->keychain)
        return;
    const char **command = calloc(count + 2, sizeof(char *));
    if (!command) {
        reader->out_of_memory = true;
        return;
    }
    memcpy(command, words, sizeof words);
    command[count] = key->keychain;
    free((void *)key->command);
    key->command = command;
}

static void read_config_dir(struct reader *reader, const char *place, const cJSON *item,
                            void *target)
{
    struct key *key = target;
    fields_read_text(reader, place, item, &key->config_dir);
}

static void read_organization(struct reader *reader, const char *place, const cJSON *item,
                              void *target)
{
    struct key *key = target;
    if (cJSON_IsString(item) && strlen(item->valuestring) > FIELDS_NAME)
        fields_mistake(reader, place, "organization", "is longer than %d bytes", FIELDS_NAME);
    else
        fields_read_text(reader, place, item, &key->organization);
}

static void read_kind(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    const char *variable = json_string(item, "env");
    char text[FIELDS_QUOTE];
    key->kind_known = variable
                          ? kind_from_variable(variable, &key->kind)
                          : cJSON_IsString(item) && kind_from_name(item->valuestring, &key->kind);
    if (!key->kind_known)
        fields_mistake(reader, place, "kind",
                       "expected \"oauth\", \"api\", \"bearer\", \"openai\", \"cursor\" or "
                       "{\"env\": \"NAME\"}, found %s",
                       fields_quote(item, text));
}

static void read_priority(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    char text[FIELDS_QUOTE];
    if (!cJSON_IsNumber(item) || item->valuedouble != (double)item->valueint)
        fields_mistake(reader, place, "priority", "expected a whole number, found %s",
                       fields_quote(item, text));
    else
        key->priority = item->valueint;
}

static void read_disabled(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    if (!cJSON_IsBool(item))
        fields_wrong_type(reader, place, item, "true or false");
    else
        key->disabled = cJSON_IsTrue(item);
}

static void read_at_most(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    const char *text = cJSON_GetStringValue(item);
    char *end = NULL, seen[FIELDS_QUOTE];
    long number = text ? strtol(text, &end, 10) : 0;
    if (number > 0 && number <= 1000000 && strcmp(end, "/hour") == 0)
        key->at_most_period = 3600;
    else if (number > 0 && number <= 1000000 && strcmp(end, "/day") == 0)
        key->at_most_period = 86400;
    else
        fields_mistake(reader, place, "at_most",
                       "expected a limit such as \"20/day\" or \"5/hour\", found %s",
                       fields_quote(item, seen));
    key->at_most = key->at_most_period ? number : 0;
}

static void read_budget(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    fields_read_money(reader, place, item, &key->budget);
}

static int64_t read_time(struct reader *reader, const char *place, const cJSON *item)
{
    char text[FIELDS_QUOTE];
    int64_t epoch = 0;
    if (cJSON_IsString(item) ? keydate_parse(item->valuestring, &epoch)
                             : cJSON_IsNumber(item) && item->valuedouble >= KEYDATE_FIRST &&
                                   item->valuedouble <= KEYDATE_LAST)
        return cJSON_IsString(item) ? epoch : (int64_t)item->valuedouble;
    fields_mistake(reader, place, item->string,
                   "expected a date such as \"2027-03-31\" or seconds since 1970, found %s",
                   fields_quote(item, text));
    return 0;
}

static void read_expires(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    key->expires = read_time(reader, place, item);
}

static void read_added(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    key->added = read_time(reader, place, item);
}

static void read_refresh_after(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    struct key *key = target;
    key->refresh_after = read_time(reader, place, item);
}

static void read_refresh_ended(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    struct key *key = target;
    key->refresh_ended = read_time(reader, place, item);
}

/* It stays in the file: only what renews the token reads it there. */
static void read_refresh_token(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    struct key *key = target;
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, place, item, "a string");
    else
        key->has_refresh_token = item->valuestring[0];
}

static const struct field key_fields[] = {
    {"name", read_name},
    {"token", read_token},
    {"token_file", read_token_file},
    {"token_command", read_token_command},
    {"keychain", read_keychain},
    {"config_dir", read_config_dir},
    {"kind", read_kind},
    {"base_url", NULL},
    {"plain_http", keytarget_read_plain_http},
    {"env", keytarget_read_env},
    {"models", modelfields_read_models},
    {"api", modelfields_read_api},
    {"headers", modelfields_read_headers},
    {"organization", read_organization},
    {"priority", read_priority},
    {"disabled", read_disabled},
    {"at_most", read_at_most},
    {"budget", read_budget},
    {"expires", read_expires},
    {"added", read_added},
    {"refresh_token", read_refresh_token},
    {"refresh_after", read_refresh_after},
    {"refresh_ended", read_refresh_ended},
    {NULL, NULL},
};

static void take_source(struct reader *reader, struct key *key, const cJSON *object)
{
    static const struct {
        const char *field;
        enum key_source source;
    } sources[] = {{"token", KEY_INLINE},
                   {"token_file", KEY_FILE},
                   {"token_command", KEY_COMMAND},
                   {"keychain", KEY_COMMAND},
                   {"config_dir", KEY_CONFIG_DIR}};
    int found = 0;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (!json_get(object, sources[i].field))
            continue;
        key->source = sources[i].source;
        found++;
    }
    if (found != 1)
        fields_mistake(
            reader, key->place, "",
            "expected exactly one of token, token_file, token_command, keychain and config_dir, "
            "found %s",
            found ? "several" : "none");
    else if (key->source == KEY_CONFIG_DIR)
        key->kind = kind_make(KIND_CONFIG_DIR), key->kind_known = true;
}

/* These say how another's requests are translated, which is done for such keys alone. */
static void check_openai(struct reader *reader, const struct key *key)
{
    bool is_openai = key->kind_known && key->kind.id == KIND_OPENAI;
    if (!is_openai && (key->models || key->has_responses || key->headers))
        fields_mistake(reader, key->place,
                       key->models    ? "models"
                       : key->headers ? "headers"
                                      : "api",
                       "is for keys of kind \"openai\" alone");
}

static void read_key(struct reader *reader, const char *place, const cJSON *object, struct key *key)
{
    key->place = fields_keep(reader, place);
    if (!key->place || !cJSON_IsObject(object)) {
        fields_mistake(reader, place, "", "expected an object, found %s", json_type_name(object));
        return;
    }
    fields_read(reader, place, object, key_fields, key);
    take_source(reader, key, object);
    const char *token = json_string(object, "token");
    struct buffer fault = {0};
    int r = token ? keyring_set_token(reader->keyring, key, token, strlen(token), &fault) : 0;
    if (r == -ENOMEM)
        reader->out_of_memory = true;
    else if (r < 0)
        fields_mistake(reader, place, "token", "%s", buffer_text(&fault));
    buffer_finish(&fault);
    keytarget_read_address(reader, object, key);
    check_openai(reader, key);
    struct kind by_prefix;
    if (key->token && kind_from_token(key->token, &by_prefix) && by_prefix.id != key->kind.id)
        fields_oddity(reader, place, "kind", "is %s, but the token looks like one of kind %s",
                      kind_name(&key->kind), kind_name(&by_prefix));
}

void keyentry_read_keys(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct keyring *keyring = target;
    if (!cJSON_IsArray(item)) {
        fields_wrong_type(reader, place, item, "an array");
        return;
    }
    size_t count = (size_t)cJSON_GetArraySize(item);
    keyring->keys = calloc(count + 1, sizeof *keyring->keys);
    if (!keyring->keys) {
        reader->out_of_memory = true;
        return;
    }
    const cJSON *object;
    cJSON_ArrayForEach (object, item) {
        struct key *key = &keyring->keys[keyring->count];
        char text[FIELDS_PLACE];
        snprintf(text, sizeof text, "keys[%zu]", keyring->count++);
        read_key(reader, text, object, key);
        if (key->name)
            continue;
        snprintf(text, sizeof text, "key%zu", keyring->count);
        key->name = fields_keep(reader, text);
    }
}

void keyentry_read_master(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct keyring *keyring = target;
    (void)place;
    if (cJSON_IsNull(item))
        return;
    read_key(reader, "master", item, &keyring->master);
    if (!keyring->master.name)
        keyring->master.name = fields_keep(reader, "master");
    keyring->has_master = true;
}
