#include "base/shellword.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "commands/keys/keys_add.h"
#include "core/pool/keyedit.h"
#include "system/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* `"a", "b b"` */
static void append_names(struct buffer *text, char **names)
{
    for (char **name = names; *name; name++)
        buffer_append_format(text, "%s\"%s\"", name == names ? "" : ", ", *name);
}

struct setting {
    char **names; /* NULL-terminated */
    struct key_fields fields;
    int64_t now;
};

static int apply_setting(cJSON *file, void *context, struct buffer *error)
{
    const struct setting *setting = context;
    const char *master = keyedit_master(file);
    int r = 0;
    for (char **name = setting->names; *name && r == 0; name++) {
        cJSON *entry = keyedit_find(file, *name);
        if (!entry)
            return keyedit_refuse_unknown(file, *name, error);
        if (setting->fields.at_most && !(master && strcmp(master, *name) == 0)) {
            buffer_append_format(error, "--at-most limits the master key alone; \"%s\" is not it",
                                 *name);
            return -EINVAL;
        }
        r = key_fields_set(&setting->fields, setting->now, entry, error);
    }
    return r;
}

static bool says_nothing(const struct key_fields *fields)
{
    return !fields->kind && !fields->base_url && !fields->organization && !fields->priority &&
           !fields->expires && !fields->at_most && !fields->budget && !fields->plain_http;
}

int keys_set(int argc, char **argv)
{
    struct setting setting = {.now = time(NULL), .fields.may_remove = true};
    struct options options;
    struct keychange change;
    struct buffer names = {0};
    const struct flag flags[] = {{"organization", 0, NULL, &setting.fields.organization},
                                 {"priority", 0, NULL, &setting.fields.priority},
                                 {"kind", 0, NULL, &setting.fields.kind},
                                 {"base-url", 0, NULL, &setting.fields.base_url},
                                 {"plain-http", 0, &setting.fields.plain_http, NULL},
                                 {"expires", 0, NULL, &setting.fields.expires},
                                 {"at-most", 0, NULL, &setting.fields.at_most},
                                 {"budget", 0, NULL, &setting.fields.budget},
                                 {0}};
    if (!keys_parse(argc, argv, flags, 1, INT_MAX, &options))
        return EXIT_OWN_FAILURE;
    if (says_nothing(&setting.fields)) {
        log_say("keys set: what is to be set? --priority, --organization, --at-most, --budget, "
                "--base-url, --expires or --kind");
        return EXIT_OWN_FAILURE;
    }
    setting.names = argv + 1;
    int status = keys_open_existing(&options, &change);
    if (status == 0)
        status = keys_change(&change, apply_setting, &setting);
    append_names(&names, setting.names);
    if (status == 0)
        log_say("%s: changed %s", change.path, buffer_text(&names));
    buffer_finish(&names);
    keychange_close(&change);
    return status;
}

/* The records of the old token are removed with it. The rest of the entry stays. */
static int apply_renewal(cJSON *file, void *context, struct buffer *error)
{
    static const char *const old[] = {"expires", "added", "refresh_token", "refresh_after",
                                      "refresh_ended"};
    static const char *const kept[] = {"expires", "added"};
    const struct addition *addition = context;
    char holder[KEYEDIT_NAME];
    cJSON *entry = keyedit_find(file, addition->name);
    if (!entry || !json_get(entry, "token"))
        return keyedit_refuse_unknown(file, addition->name, error);
    if (keyedit_holder(file, addition->entry, holder)) {
        buffer_append_format(error, "this is the secret of \"%s\" already; nothing was changed",
                             holder);
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(entry, old[i]);
    if (!json_set_string(entry, "token", json_string(addition->entry, "token")))
        return -ENOMEM;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const cJSON *item = json_get(addition->entry, kept[i]);
        if (item && !json_set(entry, kept[i], cJSON_Duplicate(item, true)))
            return -ENOMEM;
    }
    return 0;
}

/* The new token is checked as one of the kind in the file. */
static const char *said_kind(const cJSON *entry, char text[KIND_VARIABLE + 8])
{
    const char *name = json_string(entry, "kind");
    const char *variable = json_string(json_get(entry, "kind"), "env");
    if (variable)
        snprintf(text, KIND_VARIABLE + 8, "env:%s", variable);
    else if (name)
        snprintf(text, KIND_VARIABLE + 8, "%s", name);
    return name || variable ? text : NULL;
}

static const char *where_secret_is(const cJSON *entry)
{
    return json_get(entry, "token_file")      ? "in its token_file"
           : json_get(entry, "token_command") ? "with what its token_command reads"
           : json_get(entry, "keychain")      ? "with security add-generic-password -U"
           : json_get(entry, "config_dir")    ? "by logging in again in its config_dir"
                                              : NULL;
}

int addition_renew(struct keychange *change, struct addition *addition)
{
    struct buffer error = {0}, text = {0};
    char kind[KIND_VARIABLE + 8];
    const cJSON *entry = keyedit_find(change->file, addition->name);
    const char *elsewhere = entry ? where_secret_is(entry) : NULL;
    int r = entry ? 0 : keyedit_refuse_unknown(change->file, addition->name, &error);
    if (elsewhere) {
        buffer_append_format(&error, "the secret of \"%s\" is not in this file; renew it %s",
                             addition->name, elsewhere);
        r = -EINVAL;
    }
    addition->entry = cJSON_CreateObject();
    if (r == 0 && !json_set_string(addition->entry, "name", addition->name))
        r = -ENOMEM;
    if (r == 0)
        r = key_fields_set(&addition->fields, addition->now, addition->entry, &error);
    if (r < 0)
        return keys_fail(change->path, &error, r);
    addition->fields.kind = said_kind(entry, kind);
    if (addition->fields.kind)
        (void)key_fields_kind(addition->fields.kind, &addition->kind);
    if (!addition_take_source(addition))
        return EXIT_OWN_FAILURE;
    int status = keys_change(change, apply_renewal, addition);
    keyedit_describe(addition->entry, &text);
    if (status == 0)
        log_say("%s: renewed %s", change->path, buffer_text(&text));
    buffer_finish(&text);
    return status;
}

int keys_renew(int argc, char **argv)
{
    struct addition addition = {.now = time(NULL), .renews = true};
    struct options options;
    struct keychange change;
    const struct flag flags[] = {{"expires", 0, NULL, &addition.fields.expires}, {0}};
    if (!keys_parse(argc, argv, flags, 1, 1, &options))
        return EXIT_OWN_FAILURE;
    addition.name = argv[1];
    int status = keys_open_existing(&options, &change);
    if (status == 0)
        status = addition_renew(&change, &addition);
    json_destroy(addition.entry);
    keychange_close(&change);
    return status;
}
