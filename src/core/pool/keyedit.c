#include "core/pool/keyedit.h"

#include "base/nearest.h"
#include "base/secret.h"
#include "base/shellword.h"
#include "core/pool/keyring.h"
#include "core/pool/kind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define INDENT       2
#define LINE_LONGEST 100

/* Walks over the keys of a file: begin with zero. */
struct position {
    cJSON *entry;
    size_t number; /* from 1; 0 for the master */
    bool master;
    const char *name;
    char numbered[24]; /* what `name` points to where the file says none */
};

static bool position_next(const cJSON *file, struct position *position)
{
    cJSON *keys = json_get(file, "keys");
    if (position->master)
        return false;
    cJSON *next = position->entry       ? position->entry->next
                  : cJSON_IsArray(keys) ? keys->child
                                        : NULL;
    position->entry = next ? next : json_get(file, "master");
    position->master = !next;
    position->number++;
    if (!position->entry || (position->master && !cJSON_IsObject(position->entry)))
        return false;
    if (position->master)
        strcpy(position->numbered, "master");
    else
        snprintf(position->numbered, sizeof position->numbered, "key%zu", position->number);
    position->name = json_string(position->entry, "name");
    if (!position->name)
        position->name = position->numbered;
    return true;
}

static cJSON *find(const cJSON *file, const char *name, bool *ret_master)
{
    struct position position = {0};
    while (position_next(file, &position)) {
        if (strcmp(position.name, name) != 0)
            continue;
        *ret_master = position.master;
        return position.entry;
    }
    return NULL;
}

int keyedit_refuse_unknown(const cJSON *file, const char *name, struct buffer *error)
{
    struct nearest nearest = nearest_begin(name, strlen(name));
    struct position position = {0};
    char numbered[sizeof position.numbered] = "";
    while (position_next(file, &position)) {
        size_t before = nearest.distance;
        nearest_consider(&nearest, position.name);
        if (nearest.distance < before && position.name == position.numbered) {
            memcpy(numbered, position.numbered, sizeof numbered);
            nearest.word = numbered;
        }
    }
    buffer_append_format(error, "there is no key \"%s\"; ", name);
    if (!nearest_append(&nearest, error))
        buffer_append_text(error, "tcr-run keys list shows them");
    return -EINVAL;
}

cJSON *keyedit_new(void)
{
    cJSON *file = cJSON_CreateObject();
    if (file && json_set_integer(file, "version", KEYRING_VERSION) &&
        json_set(file, "keys", cJSON_CreateArray()))
        return file;
    json_destroy(file);
    return NULL;
}

size_t keyedit_count(const cJSON *file)
{
    struct position position = {0};
    size_t count = 0;
    while (position_next(file, &position))
        count++;
    return count;
}

cJSON *keyedit_find(const cJSON *file, const char *name)
{
    bool master;
    return find(file, name, &master);
}

const char *keyedit_master(const cJSON *file)
{
    const cJSON *master = json_get(file, "master");
    const char *name = json_string(master, "name");
    return !cJSON_IsObject(master) ? NULL : name ? name : "master";
}

static bool is_same_secret(const cJSON *a, const cJSON *b)
{
    static const char *const sources[] = {"token", "token_file", "token_command", "keychain",
                                          "config_dir"};
    const char *one = json_string(a, "base_url"), *other = json_string(b, "base_url");
    if (strcmp(one ? one : "", other ? other : "") != 0)
        return false; /* one token at two addresses is two keys */
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (json_get(a, sources[i]) &&
            cJSON_Compare(json_get(a, sources[i]), json_get(b, sources[i]), true))
            return true;
    return false;
}

bool keyedit_holder(const cJSON *file, const cJSON *entry, char ret_name[KEYEDIT_NAME])
{
    struct position position = {0};
    while (position_next(file, &position)) {
        if (!is_same_secret(entry, position.entry))
            continue;
        snprintf(ret_name, KEYEDIT_NAME, "%s", position.name);
        return true;
    }
    return false;
}

int keyedit_may_add(const cJSON *file, const cJSON *entry, bool master, struct buffer *error)
{
    char holder[KEYEDIT_NAME];
    const char *name = json_string(entry, "name"), *master_name = keyedit_master(file);
    if (name && keyedit_find(file, name)) {
        buffer_append_format(
            error, "there is a key \"%s\" already; for a new token: tcr-run keys renew ", name);
        shellword_append(error, name);
        buffer_append_text(error, "; to start over: tcr-run keys remove ");
        shellword_append(error, name);
    } else if (master && master_name) {
        buffer_append_text(error, "there is a master key already; first: tcr-run keys remove ");
        shellword_append(error, master_name);
    } else if (keyedit_holder(file, entry, holder)) {
        buffer_append_format(error,
                             "this is the secret of \"%s\" already; in the pool twice it adds "
                             "nothing",
                             holder);
    } else {
        return 0;
    }
    return -EINVAL;
}

int keyedit_add(cJSON *file, cJSON *entry, bool master, struct buffer *error)
{
    if (!entry)
        return -ENOMEM;
    if (keyedit_may_add(file, entry, master, error) < 0) {
        json_destroy(entry);
        return -EINVAL;
    }
    if (master)
        return json_set(file, "master", entry) ? 0 : -ENOMEM;
    cJSON *keys = json_get(file, "keys");
    if (!keys && json_set(file, "keys", cJSON_CreateArray()))
        keys = json_get(file, "keys");
    if (keys && cJSON_AddItemToArray(keys, entry))
        return 0;
    json_destroy(entry);
    return -ENOMEM;
}

/* Before a key goes: the later ones without a name would be known by another number. */
static bool write_names(cJSON *file)
{
    struct position position = {0};
    while (position_next(file, &position))
        if (position.name == position.numbered && !position.master &&
            !json_set_string(position.entry, "name", position.name))
            return false;
    return true;
}

/* Replaces a name in the profiles, or takes it out if `other` is NULL. */
static bool change_profiles(cJSON *file, const char *name, const char *other, struct buffer *notes)
{
    cJSON *profile, *profiles = json_get(file, "profiles");
    cJSON_ArrayForEach (profile, profiles) {
        cJSON *keys = json_get(profile, "keys"), *item = keys ? keys->child : NULL, *next;
        bool taken = false;
        for (; item; item = next) {
            next = item->next;
            if (!cJSON_IsString(item) || strcmp(item->valuestring, name) != 0)
                continue;
            cJSON *string = other ? cJSON_CreateString(other) : NULL;
            if (other && (!string || !cJSON_ReplaceItemViaPointer(keys, item, string)))
                return false;
            if (!other) {
                cJSON_Delete(cJSON_DetachItemViaPointer(keys, item));
                taken = true;
            }
        }
        if (taken && cJSON_GetArraySize(keys) == 0)
            buffer_append_format(notes, "the profile \"%s\" has no keys any more\n",
                                 profile->string);
        else if (taken)
            buffer_append_format(notes, "the profile \"%s\" is without \"%s\" now\n",
                                 profile->string, name);
    }
    return true;
}

int keyedit_remove(cJSON *file, const char *name, struct buffer *notes, struct buffer *error)
{
    bool master;
    cJSON *entry = find(file, name, &master);
    if (!entry)
        return keyedit_refuse_unknown(file, name, error);
    if (master) {
        cJSON_DeleteItemFromObjectCaseSensitive(file, "master");
    } else {
        if (!write_names(file))
            return -ENOMEM;
        cJSON_Delete(cJSON_DetachItemViaPointer(json_get(file, "keys"), entry));
    }
    return change_profiles(file, name, NULL, notes) ? 0 : -ENOMEM;
}

int keyedit_rename(cJSON *file, const char *name, const char *other, struct buffer *error)
{
    cJSON *entry = keyedit_find(file, name);
    if (!entry)
        return keyedit_refuse_unknown(file, name, error);
    if (keyedit_find(file, other)) {
        buffer_append_format(error, "there is a key \"%s\" already; choose another name", other);
        return -EINVAL;
    }
    if (!json_set_string(entry, "name", other))
        return -ENOMEM;
    return change_profiles(file, name, other, NULL) ? 0 : -ENOMEM;
}

int keyedit_disable(cJSON *file, const char *name, bool disabled, struct buffer *error)
{
    cJSON *entry = keyedit_find(file, name);
    if (!entry)
        return keyedit_refuse_unknown(file, name, error);
    if (disabled)
        return json_set(entry, "disabled", cJSON_CreateTrue()) ? 0 : -ENOMEM;
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "disabled");
    return 0;
}

int keyedit_set_organization(cJSON *file, const char *name, const char *organization,
                             struct buffer *error)
{
    cJSON *entry = keyedit_find(file, name);
    if (!entry)
        return keyedit_refuse_unknown(file, name, error);
    if (json_get(entry, "organization"))
        return 1;
    return json_set_string(entry, "organization", organization) ? 0 : -ENOMEM;
}

int keyedit_stamp(cJSON *entry, int64_t now)
{
    struct kind kind;
    const char *token = json_string(entry, "token");
    if (!token || !kind_from_token(token, &kind) || kind.id != KIND_OAUTH ||
        json_get(entry, "expires") || json_get(entry, "added") || json_get(entry, "refresh_token"))
        return 0;
    return json_set_integer(entry, "added", now) ? 0 : -ENOMEM;
}

static const char *kind_word(const cJSON *entry, const char *token)
{
    struct kind kind;
    if (json_get(entry, "kind"))
        return json_string(entry, "kind") ? json_string(entry, "kind") : "env";
    return token && kind_from_token(token, &kind) ? kind_name(&kind) : NULL;
}

void keyedit_describe(const cJSON *entry, struct buffer *text)
{
    char shown[SECRET_REDACTED];
    const char *name = json_string(entry, "name"), *token = json_string(entry, "token");
    const char *kind = kind_word(entry, token);
    buffer_append_format(text, "\"%s\" (%s%s", name ? name : "?", kind ? kind : "",
                         kind ? ", " : "");
    if (token) {
        secret_redact(token, shown);
        buffer_append_text(text, shown);
    } else {
        buffer_append_text(text, json_get(entry, "token_command") ? "by a command"
                                 : json_get(entry, "keychain")    ? "from the keychain"
                                 : json_get(entry, "token_file")  ? "from a file"
                                                                  : "a login folder");
    }
    buffer_append_char(text, ')');
}

static void print_scalar(const cJSON *item, struct buffer *text)
{
    char *printed = json_print(item, false);
    if (printed)
        buffer_append_text(text, printed);
    else
        text->failed = true;
    json_free_text(printed);
}

static void print_name(const char *name, struct buffer *text)
{
    const cJSON string = {.type = cJSON_String, .valuestring = (char *)name};
    print_scalar(&string, text);
    buffer_append_text(text, ": ");
}

static void begin_line(struct buffer *text, int depth)
{
    buffer_append_format(text, "\n%*s", depth * INDENT, "");
}

/* Words of a command and names of a profile are read best in one line. */
static bool print_in_line(const cJSON *item, struct buffer *text)
{
    const cJSON *child;
    size_t begin = text->length;
    if (!cJSON_IsArray(item))
        return false;
    cJSON_ArrayForEach (child, item)
        if (child->child)
            return false;
    buffer_append_char(text, '[');
    cJSON_ArrayForEach (child, item) {
        print_scalar(child, text);
        buffer_append_text(text, child->next ? ", " : "]");
    }
    if (text->length - begin <= LINE_LONGEST)
        return true;
    text->length = begin;
    return false;
}

static void print_item(const cJSON *item, struct buffer *text, int depth)
{
    if (!item->child) {
        print_scalar(item, text);
        return;
    }
    if (print_in_line(item, text))
        return;
    bool is_object = cJSON_IsObject(item);
    buffer_append_char(text, is_object ? '{' : '[');
    const cJSON *child;
    cJSON_ArrayForEach (child, item) {
        begin_line(text, depth + 1);
        if (is_object)
            print_name(child->string, text);
        print_item(child, text, depth + 1);
        if (child->next)
            buffer_append_char(text, ',');
    }
    begin_line(text, depth);
    buffer_append_char(text, is_object ? '}' : ']');
}

void keyedit_print(const cJSON *file, struct buffer *text)
{
    print_item(file, text, 0);
    buffer_append_char(text, '\n');
}
