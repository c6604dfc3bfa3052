#include "core/pool/import.h"

#include "base/secret.h"
#include "base/shellword.h"
#include "base/text.h"
#include "core/pool/address.h"
#include "core/pool/import_parts.h"
#include "core/pool/keydate.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACE 160

const char *import_form_name(enum import_form form)
{
    static const char *const names[] = {
        [IMPORT_OWN] = "a key file of tcr-run",     [IMPORT_ACCOUNTS] = "a file of accounts",
        [IMPORT_LABELLED] = "a file of named keys", [IMPORT_LOGIN] = "a login of Claude Code",
        [IMPORT_ENV] = "a file of variables",       [IMPORT_LIST] = "a list of tokens",
    };
    return names[form];
}

void import_finish(struct import *import)
{
    json_destroy(import->keys);
    json_destroy(import->masters);
    json_destroy(import->ids);
    json_destroy(import->profiles);
    buffer_finish(&import->notes);
    *import = (struct import){0};
}

void importer_skip(struct importer *importer, const char *place, const char *reason)
{
    importer->import->skipped++;
    buffer_append_format(&importer->import->notes, "%s: %s; skipped\n", place, reason);
}

/* A key as it was judged. */
struct judged {
    struct key key;
    char address[ADDRESS_TEXT]; /* "": its provider's own */
    bool plain_http;
};

static bool fill_entry(cJSON *entry, const struct found_key *key, const struct judged *judged,
                       int64_t now)
{
    char name[IMPORT_NAME + 1];
    struct kind by_prefix;
    int64_t expires = key->expires > KEYDATE_LAST ? key->expires / 1000 : key->expires;
    bool fine = entry != NULL;
    if (fine && import_clean_name(key->name, name))
        fine = json_set_string(entry, "name", name);
    fine = fine && json_set_string(entry, "token", judged->key.token);
    if (fine && !kind_from_token(judged->key.token, &by_prefix))
        fine = json_set_string(entry, "kind", kind_name(&judged->key.kind));
    if (fine && *judged->address)
        fine = json_set_string(entry, "base_url", judged->address);
    if (fine && judged->plain_http)
        fine = json_set(entry, "plain_http", cJSON_CreateTrue());
    if (fine && key->refresh_token && *key->refresh_token)
        fine = json_set_string(entry, "refresh_token", key->refresh_token);
    if (fine && expires >= KEYDATE_FIRST && expires <= KEYDATE_LAST)
        fine = json_set_integer(entry, "expires", expires);
    if (fine && key->disabled)
        fine = json_set(entry, "disabled", cJSON_CreateTrue());
    return fine && keyedit_stamp(entry, now) == 0;
}

/* An address in a variable is used as it stands, unencrypted too, as the clients would. */
static int judge_address(const struct found_key *key, struct judged *judged, struct buffer *fault)
{
    struct buffer reason = {0};
    if (!key->address)
        return 0;
    int r = address_parse(key->address, false, judged->address, &reason);
    buffer_finish(&reason);
    judged->plain_http = r < 0;
    if (r < 0)
        r = address_parse(key->address, true, judged->address, &reason);
    if (r < 0)
        buffer_append_format(fault, "its address in %s %s", key->address_name,
                             buffer_text(&reason));
    buffer_finish(&reason);
    return r;
}

static int judge(struct importer *importer, const struct found_key *key, struct judged *judged,
                 struct buffer *fault)
{
    struct kind by_prefix;
    if (!key->token) {
        buffer_append_text(fault, "there is no token");
        return -EINVAL;
    }
    if (key->kind)
        judged->key = (struct key){.kind = *key->kind, .kind_known = true};
    int r =
        keyring_set_token(&importer->scratch, &judged->key, key->token, key->token_length, fault);
    bool prefixed = r == 0 && key->kind && kind_from_token(judged->key.token, &by_prefix);
    if (prefixed && kind_provider(&by_prefix) != kind_provider(key->kind)) {
        buffer_append_format(fault, "it is a token of Anthropic's, in a variable of kind %s",
                             kind_name(key->kind));
        return -EINVAL;
    }
    if (prefixed)
        judged->key.kind = by_prefix;
    return r == 0 ? judge_address(key, judged, fault) : r;
}

bool importer_add(struct importer *importer, const char *place, const struct found_key *key)
{
    struct judged judged = {0};
    struct buffer fault = {0};
    int r = judge(importer, key, &judged, &fault);
    /* It is about a file that is not ours to fix. */
    char *advice = fault.length ? strstr(fault.data, "; add \"kind\"") : NULL;
    if (advice)
        *advice = '\0';
    if (r == -EINVAL)
        importer_skip(importer, place, buffer_text(&fault));
    buffer_finish(&fault);
    if (r == -EINVAL)
        return false;
    cJSON *entry = r == 0 ? cJSON_CreateObject() : NULL;
    struct import *import = importer->import;
    if (fill_entry(entry, key, &judged, importer->now) &&
        cJSON_AddItemToArray(key->master ? import->masters : import->keys, entry))
        return true;
    json_destroy(entry);
    importer->out_of_memory = true;
    return false;
}

static const char *first_string(const cJSON *object, const char *const *names)
{
    const char *string = NULL;
    for (; *names && !string; names++)
        string = json_string(object, *names);
    return string;
}

/* An entry of any of the JSON forms: each says the same by other names. */
static void read_account(struct importer *importer, const char *list, const cJSON *item,
                         size_t number)
{
    static const char *const token_names[] = {"accessToken", "access_token", "token", NULL};
    static const char *const refresh_names[] = {"refreshToken", "refresh_token", NULL};
    static const char *const label_names[] = {"label", "name", NULL};
    const char *token = cJSON_GetStringValue(item), *label = first_string(item, label_names);
    bool by_label = importer->import->form == IMPORT_LABELLED || !item->string;
    char name[IMPORT_NAME + 1], place[PLACE];
    struct found_key key = {.name = item->string};
    if (by_label && import_clean_name(label, name))
        key.name = label;
    key.token = token ? token : first_string(item, token_names);
    key.token_length = key.token ? strlen(key.token) : 0;
    key.refresh_token = first_string(item, refresh_names);
    if (!json_integer(item, "expiresAt", &key.expires))
        (void)json_integer(item, "expires_at", &key.expires);
    key.disabled = json_is_true(item, "disabled") || cJSON_IsFalse(json_get(item, "enabled"));
    if (import_clean_name(item->string, name))
        snprintf(place, sizeof place, "%s.%s", list, name);
    else
        snprintf(place, sizeof place, "%s[%zu]", list, number);
    int at = cJSON_GetArraySize(importer->import->keys);
    if (importer_add(importer, place, &key) && item->string && importer->import->ids)
        importer->out_of_memory |= !json_set_integer(importer->import->ids, item->string, at);
}

static void read_accounts(struct importer *importer, const char *list, const cJSON *accounts)
{
    const cJSON *item;
    size_t number = 0;
    cJSON_ArrayForEach (item, accounts) {
        /* A login may be kept under the name of its account. */
        const cJSON *login = json_get(item, "claudeAiOauth");
        cJSON account = login ? *login : *item;
        account.string = item->string;
        read_account(importer, list, &account, number++);
    }
}

/* OPUS=SONNET;... for `keys fallback`; nothing if a name would not stand there as it is. */
static void append_rules(struct buffer *rules, const cJSON *fallback)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, fallback) {
        const char *to = cJSON_GetStringValue(item);
        if (!to || !*to || !*item->string || strpbrk(to, "=;,") || strpbrk(item->string, "=;,") ||
            text_has_controls(to) || text_has_controls(item->string)) {
            buffer_clear(rules);
            return;
        }
        buffer_append_format(rules, "%s%s=%s", rules->length ? ";" : "", item->string, to);
    }
}

static void note_other(struct buffer *notes, const char *name, const cJSON *item)
{
    struct buffer rules = {0};
    if (strcmp(name, "modelFallback") == 0)
        append_rules(&rules, item);
    buffer_append_format(notes, "%s: not read; ", name);
    if (rules.length > 0) {
        buffer_append_text(notes, "for the same here: tcr-run keys fallback ");
        shellword_append(notes, buffer_text(&rules));
    } else {
        buffer_append_text(notes, "see tcr-keys(5) for what is like it here");
    }
    buffer_append_char(notes, '\n');
    buffer_finish(&rules);
}

/* What else such a file says is passed over, but not without a word. */
static void note_others(struct importer *importer, const cJSON *json)
{
    static const char *const read[] = {"keys", "profiles", "version", NULL};
    const cJSON *item;
    char name[IMPORT_NAME + 1];
    cJSON_ArrayForEach (item, json) {
        size_t i = 0;
        while (read[i] && strcmp(read[i], item->string) != 0)
            i++;
        if (!read[i] && import_clean_name(item->string, name))
            note_other(&importer->import->notes, name, item);
    }
}

static void read_labelled(struct importer *importer, const cJSON *json)
{
    importer->import->form = IMPORT_LABELLED;
    importer->import->ids = cJSON_CreateObject();
    importer->out_of_memory |= !importer->import->ids;
    read_accounts(importer, "keys", json_get(json, "keys"));
    importer_read_profiles(importer, json_get(json, "profiles"));
    note_others(importer, json);
}

static void read_login(struct importer *importer, const cJSON *json)
{
    cJSON login = *json_get(json, "claudeAiOauth");
    char name[] = "claude";
    importer->import->form = IMPORT_LOGIN;
    login.string = name;
    read_account(importer, "claudeAiOauth", &login, 0);
}

/* Paths in our own files are below the folder of the file they stand in. */
static bool make_absolute(cJSON *entry, const char *field, const char *folder)
{
    const char *path = json_string(entry, field);
    struct buffer absolute = {0};
    if (!path || path[0] == '/' || path[0] == '~')
        return true;
    buffer_append_format(&absolute, "%s/%s", folder, path);
    bool fine = !absolute.failed && json_set_string(entry, field, buffer_text(&absolute));
    buffer_finish(&absolute);
    return fine;
}

static void copy_entry(struct importer *importer, const cJSON *item, cJSON *array,
                       const char *folder)
{
    cJSON *entry = cJSON_Duplicate(item, true);
    if (entry && make_absolute(entry, "token_file", folder) &&
        make_absolute(entry, "config_dir", folder) && cJSON_AddItemToArray(array, entry))
        return;
    json_destroy(entry);
    importer->out_of_memory = true;
}

static int read_own(struct importer *importer, const cJSON *json, const char *bytes, size_t length,
                    const char *folder)
{
    struct import *import = importer->import;
    struct keyring_report report = {0};
    struct keyring keyring;
    import->form = IMPORT_OWN;
    int r = keyfile_parse(bytes, length, &keyring, &report);
    buffer_append_text(&import->notes, buffer_text(&report.errors));
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    const cJSON *item, *keys = r == 0 ? json_get(json, "keys") : NULL;
    cJSON_ArrayForEach (item, keys)
        copy_entry(importer, item, import->keys, folder);
    if (r == 0 && cJSON_IsObject(json_get(json, "master")))
        copy_entry(importer, json_get(json, "master"), import->masters, folder);
    if (r == 0 && (json_get(json, "profiles") || json_get(json, "policy")))
        buffer_append_text(&import->notes, "profiles and policy: not read, only the keys\n");
    return r;
}

static int read_json(struct importer *importer, const cJSON *json, const char *bytes, size_t length,
                     const char *folder)
{
    const cJSON *accounts = json_get(json, "accounts");
    if (cJSON_IsObject(json_get(json, "claudeAiOauth"))) {
        read_login(importer, json);
    } else if (cJSON_IsObject(accounts) || cJSON_IsArray(accounts)) {
        importer->import->form = IMPORT_ACCOUNTS;
        read_accounts(importer, "accounts", accounts);
    } else if (cJSON_IsObject(json_get(json, "keys"))) {
        read_labelled(importer, json);
    } else if (json_get(json, "keys") || json_get(json, "master")) {
        return read_own(importer, json, bytes, length, folder);
    } else {
        buffer_append_text(&importer->import->notes,
                           "unknown form of JSON; expected {\"accounts\": …}, "
                           "{\"keys\": …} or {\"claudeAiOauth\": …}\n");
        return -EINVAL;
    }
    return 0;
}

static int read_bytes(struct importer *importer, const char *bytes, size_t length,
                      const char *folder)
{
    struct json_place place;
    size_t blank = 0;
    while (blank < length && isspace((unsigned char)bytes[blank]))
        blank++;
    if (blank == length || (bytes[blank] != '{' && bytes[blank] != '[')) {
        importer_read_lines(importer, bytes, length);
        return 0;
    }
    CLEANUP_JSON cJSON *json = NULL;
    int r = json_read(bytes, length, &json, &place);
    if (r == 0)
        return read_json(importer, json, bytes, length, folder);
    if (r == -ENOMEM)
        return r;
    buffer_append_format(&importer->import->notes,
                         "line %d, column %d: it begins like JSON, but is not\n", place.line,
                         place.column);
    return -EINVAL;
}

int import_read(const char *bytes, size_t length, const char *folder, int64_t now,
                struct import *ret_import)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* that some editors put before UTF-8 */
    struct import *import = ret_import;
    struct importer importer = {.import = import, .now = now};
    *import = (struct import){.keys = cJSON_CreateArray(), .masters = cJSON_CreateArray()};
    if (!import->keys || !import->masters || keyring_init(&importer.scratch) < 0)
        return -ENOMEM;
    if (length >= 3 && memcmp(bytes, mark, 3) == 0)
        bytes += 3, length -= 3;
    int r = read_bytes(&importer, bytes, length, folder);
    keyring_finish(&importer.scratch);
    if (importer.out_of_memory || import->notes.failed)
        return -ENOMEM;
    if (r == 0 && !import->keys->child && !import->masters->child) {
        buffer_append_text(&import->notes, "it holds no usable key\n");
        return import->notes.failed ? -ENOMEM : -EINVAL;
    }
    return r;
}
