#include "base/cleanup.h"
#include "base/path.h"
#include "base/secret.h"
#include "base/shellword.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "commands/output.h"
#include "core/pool/import.h"
#include "core/pool/keyedit.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"
#include "system/log.h"
#include "system/stream/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PREFIX_LONGEST 20

struct intake {
    const char *path, *prefix;
    bool dry_run;
    int64_t now;
    struct import import;
    struct buffer added;
    size_t count;
    char master[KEYEDIT_NAME]; /* the organization's name, if it came with the keys */
};

/* Keys in a file that others can read are not safe there. They are read, with a warning. */
static int read_source_file(const char *path, char **ret_bytes, size_t *ret_length,
                            struct buffer *error)
{
    int r = files_read(path, FILE_SECRET, KEYSOURCE_FILE_LARGEST, error, ret_bytes, ret_length);
    if (r != -EPERM)
        return r;
    struct buffer again = {0};
    r = files_read(path, FILE_ANY, KEYSOURCE_FILE_LARGEST, &again, ret_bytes, ret_length);
    buffer_finish(&again);
    if (r == 0)
        log_warn("%s: %s", path, buffer_text(error));
    return r;
}

static int read_source(const char *path, char **ret_bytes, size_t *ret_length, struct buffer *error)
{
    int r = strcmp(path, "-") == 0
                ? prompt_read_all(STDIN_FILENO, KEYSOURCE_FILE_LARGEST, ret_bytes, ret_length)
                : read_source_file(path, ret_bytes, ret_length, error);
    if (r < 0)
        return r;
    r = passphrase_unseal(path, ret_bytes, ret_length, NULL, error);
    if (r == 0)
        return 0;
    secret_free(*ret_bytes);
    *ret_bytes = NULL;
    return r;
}

/* The folder that relative paths in a key file start from. */
static char *folder_of(const char *path)
{
    char *real = strcmp(path, "-") == 0 ? NULL : realpath(path, NULL);
    if (real)
        (void)path_go_up(real);
    return real ? real : getcwd(NULL, 0);
}

#define NOTES_MOST 100 /* a file of another sort has a fault in each line */

static void say_notes(const struct intake *intake)
{
    struct buffer prefix = {0}, notes = {0};
    size_t count = 0;
    const char *line = buffer_text(&intake->import.notes), *last = line;
    buffer_append_format(&prefix, "%s: ", intake->path);
    for (; *line; line += strcspn(line, "\n") + 1, count++) {
        if (count < NOTES_MOST)
            buffer_append(&notes, line, strcspn(line, "\n") + 1);
        last = line;
    }
    log_say_lines(buffer_text(&prefix), buffer_text(&notes));
    if (count > NOTES_MOST + 1)
        log_say("%s: and %zu more of this sort", intake->path, count - NOTES_MOST - 1);
    /* The last line may sum up the others. */
    if (count > NOTES_MOST)
        log_say_lines(buffer_text(&prefix), last);
    buffer_finish(&prefix);
    buffer_finish(&notes);
}

static int read_keys(struct intake *intake)
{
    char *bytes = NULL;
    size_t length = 0;
    struct buffer error = {0};
    int r = read_source(intake->path, &bytes, &length, &error);
    if (r < 0)
        return keys_fail(intake->path, &error, r);
    buffer_finish(&error);
    CLEANUP_FREE char *folder = folder_of(intake->path);
    r = folder ? import_read(bytes, length, folder, intake->now, &intake->import) : -ENOMEM;
    secret_free(bytes);
    if (r == -EINVAL)
        say_notes(intake);
    else if (r < 0)
        log_say("%s: out of memory", intake->path);
    return r < 0 ? EXIT_OWN_FAILURE : 0;
}

static int apply(cJSON *file, void *context, struct buffer *error)
{
    struct intake *intake = context;
    (void)error;
    bool had_master = keyedit_master(file) != NULL;
    int r = import_merge(&intake->import, intake->prefix, file, &intake->added, &intake->count);
    const char *master = had_master ? NULL : keyedit_master(file);
    if (r == 0 && master)
        snprintf(intake->master, sizeof intake->master, "%s", master);
    return r < 0 ? r : intake->count == 0 && intake->import.profiles_added == 0;
}

static size_t count_renewed(const struct intake *intake)
{
    const cJSON *entry;
    size_t count = 0;
    cJSON_ArrayForEach (entry, intake->import.keys)
        count += json_get(entry, "refresh_token") != NULL;
    return count;
}

static void warn_of_bills(const char *master)
{
    struct buffer name = {0};
    shellword_append(&name, master);
    log_warn("\"%s\" is the master key, which is billed; to limit it: tcr-run keys set %s "
             "--at-most 20/day",
             master, buffer_text(&name));
    buffer_finish(&name);
}

static void say_renewed(const struct intake *intake, size_t renewed)
{
    log_warn("%s: tcr-run renews %zu of these logins; use them in no other program", intake->path,
             renewed);
    log_say("to leave a login to Claude Code: tcr-run keys add NAME --config-dir DIR");
}

static void sum_up(const struct intake *intake, const struct keychange *change)
{
    size_t renewed = intake->count > 0 ? count_renewed(intake) : 0;
    char skipped[64] = "", profiles[48] = "";
    say_notes(intake);
    if (renewed > 0)
        say_renewed(intake, renewed);
    if (*intake->master)
        warn_of_bills(intake->master);
    if (intake->import.skipped > 0)
        snprintf(skipped, sizeof skipped, "; %zu %s skipped", intake->import.skipped,
                 intake->import.skipped == 1 ? "was" : "were");
    if (intake->import.profiles_added > 0)
        snprintf(profiles, sizeof profiles, " and %zu %s", intake->import.profiles_added,
                 intake->import.profiles_added == 1 ? "profile" : "profiles");
    log_say("%s: %s %zu %s%s from %s, %s%s", change->path, intake->dry_run ? "would take" : "took",
            intake->count, intake->count == 1 ? "key" : "keys", profiles, intake->path,
            import_form_name(intake->import.form), skipped);
}

static int take_in(struct intake *intake, struct keychange *change)
{
    struct buffer error = {0};
    int status;
    if (intake->dry_run) {
        int r = apply(change->file, intake, &error);
        status = r < 0 ? keys_fail(change->path, &error, r) : 0;
    } else {
        status = keys_change(change, apply, intake);
    }
    if (status != 0)
        return status;
    int printed = output_print(&intake->added);
    sum_up(intake, change);
    return printed;
}

static bool parse(int argc, char **argv, struct intake *intake, struct options *ret_options)
{
    const struct flag flags[] = {
        {"dry-run", 0, &intake->dry_run, NULL}, {"prefix", 0, NULL, &intake->prefix}, {0}};
    if (!keys_parse(argc, argv, flags, 1, 1, ret_options))
        return false;
    intake->path = argv[1];
    if (!intake->prefix)
        intake->prefix = "";
    if (strlen(intake->prefix) <= PREFIX_LONGEST)
        return true;
    log_say("keys import: --prefix: expected at most %d bytes, found %zu", PREFIX_LONGEST,
            strlen(intake->prefix));
    return false;
}

int keys_import(int argc, char **argv)
{
    struct intake intake = {.now = time(NULL)};
    struct options options;
    struct keychange change = {0};
    if (!parse(argc, argv, &intake, &options))
        return EXIT_OWN_FAILURE;
    int status = read_keys(&intake);
    if (status == 0)
        status = keys_open(&options, &change);
    if (status == 0)
        status = take_in(&intake, &change);
    buffer_finish(&intake.added);
    import_finish(&intake.import);
    keychange_close(&change);
    return status;
}
