#include "commands/keys/keys_add.h"
#include "base/duration.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "core/pool/keydate.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"
#include "system/log.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool complain(const char *option, const char *expected, const char *found)
{
    log_say("keys add: %s: expected %s, found \"%s\"", option, expected, found);
    return false;
}

static bool stored(bool done)
{
    if (!done)
        log_say("keys add: out of memory");
    return done;
}

/* Cuts the command off: it takes the rest of the line. */
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
                                 {"organization", 0, NULL, &addition->organization},
                                 {"priority", 0, NULL, &addition->priority},
                                 {"kind", 0, NULL, &addition->kind_text},
                                 {"token-file", 0, NULL, &addition->token_file},
                                 {"config-dir", 0, NULL, &addition->config_dir},
                                 {"expires", 0, NULL, &addition->expires},
                                 {"at-most", 0, NULL, &addition->at_most},
                                 {0}};
    argc = cut_command(argc, argv, addition);
    if (!keys_parse(argc, argv, flags, 1, 1, ret_options))
        return false;
    addition->name = argv[1];
    int sources = !!addition->command + !!addition->token_file + !!addition->config_dir;
    if (sources > 1)
        log_say("keys add: expected at most one of --token-command, --token-file and "
                "--config-dir, found %d",
                sources);
    else if (addition->command && !addition->command[0])
        log_say("keys add: --token-command needs a command; it takes the rest of the line");
    else if (addition->at_most && !addition->master)
        log_say("keys add: --at-most limits the master key alone; add --master, or leave it out");
    else if (addition->kind_text && addition->config_dir)
        log_say("keys add: a --config-dir has a kind of its own; leave --kind out");
    else
        return true;
    return false;
}

static bool set_kind(struct addition *addition)
{
    const char *text = addition->kind_text;
    if (!text)
        return true;
    bool other = strncmp(text, "env:", 4) == 0;
    if (!(other ? kind_from_variable(text + 4, &addition->kind)
                : kind_from_name(text, &addition->kind)))
        return complain("--kind", "oauth, api, bearer, openai, cursor or env:VARIABLE", text);
    cJSON *value = other ? cJSON_CreateObject() : cJSON_CreateString(text);
    if (other && !json_set_string(value, "env", text + 4)) {
        json_destroy(value);
        value = NULL;
    }
    return stored(json_set(addition->entry, "kind", value));
}

static bool set_priority(struct addition *addition)
{
    char *end;
    if (!addition->priority)
        return true;
    errno = 0;
    long priority = strtol(addition->priority, &end, 10);
    if (!*addition->priority || *end || errno || priority < INT_MIN || priority > INT_MAX)
        return complain("--priority", "a whole number; lower ones are tried first",
                        addition->priority);
    return stored(json_set_integer(addition->entry, "priority", priority));
}

/* Seconds since 1970, or a length of time with its unit; -1 for anything else. */
static int64_t parse_time(const char *text, int64_t now)
{
    char *end;
    int64_t length;
    errno = 0;
    int64_t seconds = strtoll(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && errno == 0)
        return seconds;
    return duration_parse(text, &length) == 0 ? now + length : -1;
}

/* A day stays as it was written; the rest becomes seconds since 1970. */
static bool set_expires(struct addition *addition)
{
    const char *text = addition->expires;
    int64_t epoch;
    if (!text)
        return true;
    bool is_day = keydate_parse(text, &epoch);
    if (!is_day)
        epoch = parse_time(text, addition->now);
    if (epoch < KEYDATE_FIRST || epoch > KEYDATE_LAST)
        return complain(
            "--expires",
            "a day such as 2027-03-31, a time from now such as 90d, or seconds since 1970", text);
    if (epoch <= addition->now)
        return complain("--expires", "a time to come", text);
    return stored(is_day ? json_set_string(addition->entry, "expires", text)
                         : json_set_integer(addition->entry, "expires", epoch));
}

static const char *source_field(const struct addition *addition)
{
    return addition->command      ? "token_command"
           : addition->token_file ? "token_file"
           : addition->config_dir ? "config_dir"
                                  : "token";
}

/* In the order of the file; the secret's place is kept for it. */
static bool set_fields(struct addition *addition)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"name", addition->name},
                 {source_field(addition), ""},
                 {"organization", addition->organization},
                 {"at_most", addition->at_most}};
    bool fine = true;
    addition->entry = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && fine; i++)
        fine = !texts[i].value || json_set_string(addition->entry, texts[i].name, texts[i].value);
    return stored(fine) && set_kind(addition) && set_priority(addition) && set_expires(addition);
}

/* A file with this key alone, and a source that needs no asking. */
static int print_probe(const struct addition *addition, struct buffer *text)
{
    struct buffer error = {0};
    CLEANUP_JSON cJSON *file = keyedit_new();
    cJSON *entry = cJSON_Duplicate(addition->entry, true);
    cJSON_DeleteItemFromObjectCaseSensitive(entry, source_field(addition));
    bool fine = file && json_set_string(entry, "config_dir", "x");
    if (!fine)
        json_destroy(entry);
    int r = fine ? keyedit_add(file, entry, addition->master, &error) : -ENOMEM;
    if (r == 0)
        keyedit_print(file, text);
    buffer_finish(&error);
    return text->failed ? -ENOMEM : r;
}

/* What the reader of key files will say of the values, before anybody is asked for a token. */
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
        log_say("keys add: %.*s", (int)strcspn(fault + 1, "\n"), fault + 1);
    else if (r < 0)
        log_say("keys add: %s", strerror(-r));
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

static int add(struct keychange *change, struct addition *addition)
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
        status = add(&change, &addition);
    json_destroy(addition.entry);
    keychange_close(&change);
    return status;
}
