#include "commands/keys/keys_add.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"
#include "system/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static bool stored(bool done)
{
    if (!done)
        log_say("keys add: out of memory");
    return done;
}

/* Cuts off the command, which takes the rest of the line. */
static int cut_command(int argc, char **argv, struct addition *addition)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--token-command") != 0)
            continue;
        addition->command = argv + i + 1;
        argv[i] = NULL;
        return i;
    }
    return argc;
}

static bool parse_options(int argc, char **argv, struct addition *addition,
                          struct options *ret_options)
{
    const struct flag flags[] = {{"master", 0, &addition->master, NULL},
                                 {"organization", 0, NULL, &addition->fields.organization},
                                 {"priority", 0, NULL, &addition->fields.priority},
                                 {"kind", 0, NULL, &addition->fields.kind},
                                 {"token-file", 0, NULL, &addition->token_file},
                                 {"config-dir", 0, NULL, &addition->config_dir},
                                 {"keychain", 0, NULL, &addition->keychain},
                                 {"expires", 0, NULL, &addition->fields.expires},
                                 {"at-most", 0, NULL, &addition->fields.at_most},
                                 {"budget", 0, NULL, &addition->fields.budget},
                                 {"base-url", 0, NULL, &addition->fields.base_url},
                                 {"plain-http", 0, &addition->fields.plain_http, NULL},
                                 {0}};
    argc = cut_command(argc, argv, addition);
    if (!keys_parse(argc, argv, flags, 1, 1, ret_options))
        return false;
    addition->name = argv[1];
    int sources = !!addition->command + !!addition->token_file + !!addition->config_dir +
                  !!addition->keychain;
    if (sources > 1)
        log_say("keys add: expected at most one of --token-command, --token-file, --keychain and "
                "--config-dir, found %d",
                sources);
    else if (addition->command && !addition->command[0])
        log_say("keys add: --token-command needs a command; it takes the rest of the line");
    else if (addition->fields.at_most && !addition->master)
        log_say("keys add: --at-most limits the master key alone; add --master, or leave it out");
    else if (addition->fields.kind && addition->config_dir)
        log_say("keys add: a --config-dir has a kind of its own; leave --kind out");
    else
        return true;
    return false;
}

static const char *source_field(const struct addition *addition)
{
    return addition->command      ? "token_command"
           : addition->token_file ? "token_file"
           : addition->config_dir ? "config_dir"
           : addition->keychain   ? "keychain"
                                  : "token";
}

/* In the file's order; the place for the secret is kept. */
static bool set_fields(struct addition *addition)
{
    const char *kind = addition->fields.kind;
    struct buffer error = {0};
    addition->entry = cJSON_CreateObject();
    if (!stored(json_set_string(addition->entry, "name", addition->name) &&
                json_set_string(addition->entry, source_field(addition), "")))
        return false;
    int r = key_fields_set(&addition->fields, addition->now, addition->entry, &error);
    if (r < 0)
        log_say("keys %s: %s", addition_verb(addition),
                r == -ENOMEM ? "out of memory" : buffer_text(&error));
    else if (kind && *kind)
        (void)key_fields_kind(kind, &addition->kind);
    buffer_finish(&error);
    return r == 0;
}

/* A key file with only this key, and with a source that needs no questions. */
static int print_probe(const struct addition *addition, struct buffer *text)
{
    struct buffer error = {0};
    CLEANUP_JSON cJSON *file = keyedit_new();
    cJSON *entry = cJSON_Duplicate(addition->entry, true);
    cJSON_DeleteItemFromObjectCaseSensitive(entry, source_field(addition));
    const char *const command[] = {"x"};
    bool fine = file && json_set(entry, "token_command", cJSON_CreateStringArray(command, 1));
    if (!fine)
        json_destroy(entry);
    int r = fine ? keyedit_add(file, entry, addition->master, &error) : -ENOMEM;
    if (r == 0)
        keyedit_print(file, text);
    buffer_finish(&error);
    return text->failed ? -ENOMEM : r;
}

/* Shows what the reader of key files will say about the values, before anybody is asked for a
 * token. */
static bool check_values(const struct addition *addition)
{
    struct keyring_report report = {0};
    struct keyring keyring = {0};
    struct buffer text = {0};
    int r = print_probe(addition, &text);
    if (r == 0)
        r = keyfile_parse(buffer_text(&text), text.length, &keyring, &report);
    const char *fault = strchr(buffer_text(&report.errors), '.'); /* "keys[0].name: …" */
    if (r < 0 && fault)
        log_say("keys %s: %.*s", addition_verb(addition), (int)strcspn(fault + 1, "\n"), fault + 1);
    else if (r < 0)
        log_say("keys %s: %s", addition_verb(addition), strerror(-r));
    buffer_finish(&text);
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    return r == 0;
}

static int apply(cJSON *file, void *context, struct buffer *error)
{
    const struct addition *addition = context;
    return keyedit_add(file, cJSON_Duplicate(addition->entry, true), addition->master, error);
}

int addition_add(struct keychange *change, struct addition *addition)
{
    struct buffer error = {0}, text = {0};
    if (!set_fields(addition) || !check_values(addition))
        return EXIT_OWN_FAILURE;
    int r = keyedit_may_add(change->file, addition->entry, addition->master, &error);
    if (r < 0)
        return keys_fail(change->path, &error, r);
    if (!addition_take_source(addition))
        return EXIT_OWN_FAILURE;
    int status = keys_change(change, apply, addition);
    keyedit_describe(addition->entry, &text);
    if (status == 0)
        log_say("%s: added %s%s", change->path, buffer_text(&text),
                addition->master ? " as the master key, which is billed" : "");
    buffer_finish(&text);
    return status;
}

int keys_add(int argc, char **argv)
{
    struct addition addition = {.now = time(NULL)};
    struct options options;
    struct keychange change;
    if (!parse_options(argc, argv, &addition, &options))
        return EXIT_OWN_FAILURE;
    int status = keys_open(&options, &change);
    if (status == 0)
        status = addition_add(&change, &addition);
    json_destroy(addition.entry);
    keychange_close(&change);
    return status;
}
