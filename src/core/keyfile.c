#include "core/keyfile.h"

#include "base/duration.h"
#include "base/json.h"
#include "core/keydate.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LONGEST   64
#define PLACE_LONGEST  160
#define FOUND_LONGEST  64
#define TOKEN_SHORTEST 20 /* "sk-ant-oat01-..." in a message of ours is none */

/* What is being read, and where mistakes go. */
struct reader {
    struct keyring *keyring;
    struct keyring_report *report;
    bool out_of_memory;
};

static void mistake(struct reader *reader, const char *place, const char *field, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

/* The length of what might be a whole token at this place. */
static size_t token_length(const char *text)
{
    size_t length = 0;
    struct kind kind;
    if (kind_from_token(text, &kind))
        while (isalnum((unsigned char)text[length]) || (text[length] && strchr("-_", text[length])))
            length++;
    return length > TOKEN_SHORTEST ? length : 0;
}

static bool holds_token(const char *text)
{
    while (*text && token_length(text) == 0)
        text++;
    return *text != '\0';
}

/* Messages quote the file: a text in it must not break the line, and a token that stands where a
 * name belongs must not get into a log. */
static void make_harmless(char *text)
{
    for (; *text; text++) {
        if (iscntrl((unsigned char)*text))
            *text = '?';
        memset(text, '*', token_length(text));
    }
}

static void say(struct buffer *lines, const char *place, const char *field, const char *format,
                va_list args)
{
    char text[512];
    size_t begin = lines->length;
    vsnprintf(text, sizeof text, format, args);
    buffer_append_format(lines, "%s%s%s: %s", place, *place && *field ? "." : "", field, text);
    if (!lines->failed)
        make_harmless(lines->data + begin);
    buffer_append_char(lines, '\n');
}

static void mistake(struct reader *reader, const char *place, const char *field, const char *format,
                    ...)
{
    va_list args;
    va_start(args, format);
    say(&reader->report->errors, place, field, format, args);
    va_end(args);
}

__attribute__((format(printf, 4, 5))) static void oddity(struct reader *reader, const char *place,
                                                         const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(&reader->report->warnings, place, field, format, args);
    va_end(args);
}

static const char *keep(struct reader *reader, const char *text)
{
    const char *copy = secret_store_add(reader->keyring->store, text, strlen(text));
    if (!copy)
        reader->out_of_memory = true;
    return copy;
}

static void wrong_type(struct reader *reader, const char *place, const cJSON *item,
                       const char *expected)
{
    mistake(reader, place, item->string ? item->string : "", "expected %s, found %s", expected,
            json_type_name(item));
}

/* What stands in a field that cannot be a secret: its value if it is a string or a number. */
static const char *found(const cJSON *item, char text[FOUND_LONGEST])
{
    if (cJSON_IsString(item))
        snprintf(text, FOUND_LONGEST, "\"%s\"", item->valuestring);
    else if (cJSON_IsNumber(item))
        snprintf(text, FOUND_LONGEST, "%g", item->valuedouble);
    else
        snprintf(text, FOUND_LONGEST, "%s", json_type_name(item));
    return text;
}

/* Every reader of one field has this form; `target` is what the table's owner is filling. */
typedef void read_field(struct reader *reader, const char *place, const cJSON *item, void *target);

struct field {
    const char *name;
    read_field *read;
};

static void read_object(struct reader *reader, const char *place, const cJSON *object,
                        const struct field *fields, void *target)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        const struct field *field = fields;
        while (field->name && strcmp(field->name, item->string) != 0)
            field++;
        if (!field->name)
            oddity(reader, place, item->string, "unknown field, ignored");
        else if (json_get(object, field->name) != item)
            mistake(reader, place, item->string, "found twice, expected once");
        else if (field->read)
            field->read(reader, place, item, target);
    }
}

static void read_text(struct reader *reader, const char *place, const cJSON *item,
                      const char **ret_text)
{
    struct kind token_kind;
    if (!cJSON_IsString(item))
        wrong_type(reader, place, item, "a string");
    else if (!*item->valuestring)
        mistake(reader, place, item->string, "expected a text, found an empty one");
    else if (kind_from_token(item->valuestring, &token_kind)) /* not repeated on stderr */
        mistake(reader, place, item->string, "expected a text, found a token: that is \"token\"");
    else
        *ret_text = keep(reader, item->valuestring);
}

static void read_name(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    const char *name = NULL;
    read_text(reader, place, item, &name);
    if (!name)
        return;
    if (holds_token(name))
        mistake(reader, place, "name", "expected a name, found what looks like a token");
    if (strlen(name) > NAME_LONGEST)
        mistake(reader, place, "name", "is longer than %d bytes", NAME_LONGEST);
    for (const char *p = name; *p; p++) {
        if (iscntrl((unsigned char)*p) || *p == '"' || *p == ',') {
            mistake(reader, place, "name", "holds a control character, a quote or a comma");
            break;
        }
    }
    key->name = name;
}

static void read_token(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    (void)target;
    if (!cJSON_IsString(item))
        wrong_type(reader, place, item, "a string");
}

static void read_token_file(struct reader *reader, const char *place, const cJSON *item,
                            void *target)
{
    struct key *key = target;
    read_text(reader, place, item, &key->token_file);
}

static void read_token_command(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    struct key *key = target;
    int count = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;
    if (count == 0) {
        mistake(reader, place, item->string,
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
            mistake(reader, place, item->string, "word %d: expected a string, found %s", i + 1,
                    json_type_name(word));
        else
            words[i] = keep(reader, word->valuestring);
    }
    free((void *)key->command);
    key->command = words;
}

static void read_config_dir(struct reader *reader, const char *place, const cJSON *item,
                            void *target)
{
    struct key *key = target;
    read_text(reader, place, item, &key->config_dir);
}

static void read_organization(struct reader *reader, const char *place, const cJSON *item,
                              void *target)
{
    struct key *key = target;
    read_text(reader, place, item, &key->organization);
}

static void read_kind(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    const char *variable = json_string(item, "env");
    char text[FOUND_LONGEST];
    key->kind_known = variable
                          ? kind_from_variable(variable, &key->kind)
                          : cJSON_IsString(item) && kind_from_name(item->valuestring, &key->kind);
    if (!key->kind_known)
        mistake(reader, place, "kind",
                "expected \"oauth\", \"api\", \"openai\", \"cursor\" or {\"env\": \"NAME\"}, found "
                "%s",
                found(item, text));
}

static void read_priority(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    char text[FOUND_LONGEST];
    if (!cJSON_IsNumber(item) || item->valuedouble != (double)item->valueint)
        mistake(reader, place, "priority", "expected a whole number, found %s", found(item, text));
    else
        key->priority = item->valueint;
}

static void read_disabled(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    if (!cJSON_IsBool(item))
        wrong_type(reader, place, item, "true or false");
    else
        key->disabled = cJSON_IsTrue(item);
}

static void read_at_most(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    const char *text = cJSON_GetStringValue(item);
    char *end = NULL, seen[FOUND_LONGEST];
    long number = text ? strtol(text, &end, 10) : 0;
    if (number > 0 && number <= 1000000 && strcmp(end, "/hour") == 0)
        key->at_most_period = 3600;
    else if (number > 0 && number <= 1000000 && strcmp(end, "/day") == 0)
        key->at_most_period = 86400;
    else
        mistake(reader, place, "at_most",
                "expected a bound such as \"20/day\" or \"5/hour\", found %s", found(item, seen));
    key->at_most = key->at_most_period ? number : 0;
}

static int64_t read_time(struct reader *reader, const char *place, const cJSON *item)
{
    char text[FOUND_LONGEST];
    int64_t epoch = 0;
    if (cJSON_IsString(item) ? keydate_parse(item->valuestring, &epoch)
                             : cJSON_IsNumber(item) && item->valuedouble >= KEYDATE_FIRST &&
                                   item->valuedouble <= KEYDATE_LAST)
        return cJSON_IsString(item) ? epoch : (int64_t)item->valuedouble;
    mistake(reader, place, item->string,
            "expected a date such as \"2027-03-31\" or seconds since 1970, found %s",
            found(item, text));
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

/* Not used: it stays in the file for whoever renews the token. */
static void read_refresh_token(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    (void)target;
    if (!cJSON_IsString(item))
        wrong_type(reader, place, item, "a string");
}

static const struct field key_fields[] = {
    {"name", read_name},
    {"token", read_token},
    {"token_file", read_token_file},
    {"token_command", read_token_command},
    {"config_dir", read_config_dir},
    {"kind", read_kind},
    {"organization", read_organization},
    {"priority", read_priority},
    {"disabled", read_disabled},
    {"at_most", read_at_most},
    {"expires", read_expires},
    {"added", read_added},
    {"refresh_token", read_refresh_token},
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
                   {"config_dir", KEY_CONFIG_DIR}};
    int found = 0;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (!json_get(object, sources[i].field))
            continue;
        key->source = sources[i].source;
        found++;
    }
    if (found != 1)
        mistake(reader, key->place, "",
                "expected exactly one of token, token_file, token_command and config_dir, found "
                "%s",
                found ? "several" : "none");
    else if (key->source == KEY_CONFIG_DIR)
        key->kind = kind_make(KIND_CONFIG_DIR), key->kind_known = true;
}

static void read_key(struct reader *reader, const char *place, const cJSON *object, struct key *key)
{
    key->place = keep(reader, place);
    if (!key->place || !cJSON_IsObject(object)) {
        mistake(reader, place, "", "expected an object, found %s", json_type_name(object));
        return;
    }
    read_object(reader, place, object, key_fields, key);
    take_source(reader, key, object);
    const char *token = json_string(object, "token");
    struct buffer fault = {0};
    int r = token ? keyring_set_token(reader->keyring, key, token, strlen(token), &fault) : 0;
    if (r == -ENOMEM)
        reader->out_of_memory = true;
    else if (r < 0)
        mistake(reader, place, "token", "%s", buffer_text(&fault));
    buffer_finish(&fault);
    struct kind by_prefix;
    if (key->token && kind_from_token(key->token, &by_prefix) && by_prefix.id != key->kind.id)
        oddity(reader, place, "kind", "is %s, but the token looks like one of kind %s",
               kind_name(&key->kind), kind_name(&by_prefix));
}

static void read_keys(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct keyring *keyring = target;
    if (!cJSON_IsArray(item)) {
        wrong_type(reader, place, item, "an array");
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
        char at[PLACE_LONGEST], name[PLACE_LONGEST];
        snprintf(at, sizeof at, "keys[%zu]", keyring->count);
        snprintf(name, sizeof name, "key%zu", ++keyring->count);
        read_key(reader, at, object, key);
        if (!key->name)
            key->name = keep(reader, name);
    }
}

static void read_master(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct keyring *keyring = target;
    (void)place;
    if (cJSON_IsNull(item))
        return;
    read_key(reader, "master", item, &keyring->master);
    if (!keyring->master.name)
        keyring->master.name = keep(reader, "master");
    keyring->has_master = true;
}

static void read_profile_keys(struct reader *reader, const char *place, const cJSON *item,
                              void *target)
{
    (void)target;
    if (!cJSON_IsArray(item))
        wrong_type(reader, place, item, "an array of key names");
    const cJSON *name;
    cJSON_ArrayForEach (name, item) {
        if (!cJSON_IsString(name))
            mistake(reader, place, "keys", "expected key names, found %s", json_type_name(name));
        else if (!keyring_find(reader->keyring, name->valuestring))
            mistake(reader, place, "keys", "there is no key \"%s\"", name->valuestring);
    }
}

static void read_profile_master(struct reader *reader, const char *place, const cJSON *item,
                                void *target)
{
    (void)target;
    if (!cJSON_IsBool(item))
        wrong_type(reader, place, item, "true or false");
}

static void read_profiles(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {
        {"keys", read_profile_keys}, {"master", read_profile_master}, {NULL, NULL}};
    struct keyring *keyring = target;
    if (!cJSON_IsObject(item)) {
        wrong_type(reader, place, item, "an object");
        return;
    }
    const cJSON *profile;
    cJSON_ArrayForEach (profile, item) {
        char at[PLACE_LONGEST];
        snprintf(at, sizeof at, "profiles.%s", profile->string);
        if (!cJSON_IsObject(profile))
            mistake(reader, at, "", "expected an object, found %s", json_type_name(profile));
        else
            read_object(reader, at, profile, fields, NULL);
    }
    keyring->profiles = cJSON_Duplicate(item, 1);
    if (!keyring->profiles)
        reader->out_of_memory = true;
}

static void read_retries(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct policy *policy = target;
    char text[FOUND_LONGEST];
    if (!cJSON_IsNumber(item) || item->valuedouble != (double)item->valueint ||
        item->valueint < 0 || item->valueint > POLICY_MAX_RETRIES)
        mistake(reader, place, "retries", "expected a whole number from 0 to %d, found %s",
                POLICY_MAX_RETRIES, found(item, text));
    else
        policy->retries = item->valueint;
}

static void read_max_per_key(struct reader *reader, const char *place, const cJSON *item,
                             void *target)
{
    struct policy *policy = target;
    char text[FOUND_LONGEST];
    if (!cJSON_IsNumber(item) || item->valuedouble != (double)item->valueint ||
        item->valueint < 1 || item->valueint > POLICY_MAX_PER_KEY)
        mistake(reader, place, "max_per_key", "expected a whole number from 1 to %d, found %s",
                POLICY_MAX_PER_KEY, found(item, text));
    else
        policy->max_per_key = item->valueint;
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
        mistake(reader, place, field, "%s", buffer_text(&fault));
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
        wrong_type(reader, place, item, "an object such as {\"limit\": \"5m\"}, or one time");
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
        wrong_type(reader, place, item, "a string such as \"limit,auth\"");
    else
        read_policy_text(reader, place, "retry_on", target, item->valuestring,
                         policy_parse_retry_on);
}

static void read_policy(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {{"retries", read_retries},
                                          {"cooldown", read_cooldown},
                                          {"retry_on", read_retry_on},
                                          {"max_per_key", read_max_per_key},
                                          {NULL, NULL}};
    struct keyring *keyring = target;
    if (!cJSON_IsObject(item))
        wrong_type(reader, place, item, "an object");
    else
        read_object(reader, "policy", item, fields, &keyring->policy);
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
            mistake(reader, sorted[i]->place, "name", "\"%s\" is the name of %s already",
                    sorted[i]->name, sorted[i - 1]->place);
    free(sorted);
    for (size_t i = 0; keyring->has_master && i < keyring->count; i++)
        if (strcmp(keyring->keys[i].name, keyring->master.name) == 0)
            mistake(reader, "master", "name", "\"%s\" is the name of %s already",
                    keyring->master.name, keyring->keys[i].place);
}

static void read_version(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    (void)target;
    if (!cJSON_IsNumber(item) || item->valuedouble < 1)
        mistake(reader, place, "version", "expected the number %d, found %s", KEYRING_VERSION,
                json_type_name(item));
    else if (item->valuedouble > KEYRING_VERSION)
        mistake(reader, place, "version",
                "%g is of a newer tcr-run; this one reads up to %d: install the newer one",
                item->valuedouble, KEYRING_VERSION);
}

/* In this order: profiles name keys, so keys come first whatever the file's order. */
static const struct field file_fields[] = {
    {"version", read_version}, {"keys", read_keys},     {"master", read_master},
    {"profiles", NULL},        {"policy", read_policy}, {NULL, NULL},
};

static int read_file(struct reader *reader, const cJSON *json)
{
    struct keyring *keyring = reader->keyring;
    if (!cJSON_IsObject(json)) {
        mistake(reader, "", "the file", "expected an object {\"keys\": [...]}, found %s",
                json_type_name(json));
        return -EINVAL;
    }
    read_object(reader, "", json, file_fields, keyring);
    if (!reader->out_of_memory)
        check_names(reader);
    const cJSON *profiles = json_get(json, "profiles");
    if (profiles && !reader->out_of_memory)
        read_profiles(reader, "", profiles, keyring);
    struct keyring_report *report = reader->report;
    if (report->errors.length == 0 && keyring->count == 0 && !keyring->has_master)
        mistake(reader, "", "keys",
                "there are none; add one such as {\"name\": \"home\", \"token\": "
                "\"sk-ant-oat01-...\"}");
    if (reader->out_of_memory || report->errors.failed || report->warnings.failed)
        return -ENOMEM;
    return report->errors.length > 0 ? -EINVAL : 0;
}

int keyfile_parse(const char *text, size_t length, struct keyring *ret_keyring,
                  struct keyring_report *report)
{
    struct json_place place;
    struct keyring keyring;
    struct reader reader = {.keyring = &keyring, .report = report};
    *ret_keyring = (struct keyring){0};
    CLEANUP_JSON cJSON *json = json_parse(text, length, &place);
    if (!json && json_ran_out_of_memory())
        return -ENOMEM;
    if (!json) {
        buffer_append_format(&report->errors,
                             "line %d, column %d: this is no JSON; expected {\"keys\": [...]}\n",
                             place.line, place.column);
        return -EINVAL;
    }
    int r = keyring_init(&keyring);
    if (r < 0)
        return r;
    r = read_file(&reader, json);
    if (r < 0)
        keyring_finish(&keyring);
    else
        *ret_keyring = keyring;
    return r;
}
