#include "gateway/roster.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "core/gateway/retry.h"
#include "core/pool/destination.h"
#include "core/pool/modelmap.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int read_keys(struct roster *roster, const struct options *options)
{
    struct keyring_report report = {0};
    struct buffer prefix = {0};
    int r = keysource_load(options->keys_file, environ, &roster->keyring, &report, &roster->origin);
    buffer_append_format(&prefix, "%s: ", roster->origin ? roster->origin : "keys");
    log_say_lines(buffer_text(&prefix), buffer_text(&report.errors));
    log_warn_lines(buffer_text(&prefix), buffer_text(&report.warnings));
    buffer_finish(&prefix);
    keyring_report_finish(&report);
    if (r == -ENOENT)
        log_say("there are no keys; add one: tcr-run keys add NAME");
    return r;
}

static int apply_options(struct roster *roster, const struct options *options)
{
    struct buffer error = {0};
    int r = 0;
    if (options->profile)
        r = keyring_apply_profile(&roster->keyring, options->profile, &error);
    roster->policy = roster->keyring.policy;
    if (r == 0)
        r = options_apply_policy(options, &roster->policy, &error);
    if (!roster->policy.retries_set)
        roster->policy.retries = RETRY_KEYS_MOST;
    if (r == 0)
        r = modelmap_apply(&roster->keyring, options->model_fallback, options->no_model_fallback,
                           &error);
    if (r == 0 && options->key && !keyring_find(&roster->keyring, options->key)) {
        keyring_append_unknown(&roster->keyring, options->key, &error);
        r = -EINVAL;
    }
    if (r < 0)
        log_say("%s: %s", roster->origin, error.length ? buffer_text(&error) : strerror(-r));
    if (options->no_master)
        roster->keyring.has_master = false;
    buffer_finish(&error);
    return r;
}

/* ---- the files ---- */

/* Returns 0 or -ENOMEM. Takes ownership of the path. */
static int add_file(struct roster *roster, char *path)
{
    struct file_look *files =
        path ? realloc(roster->files, (roster->file_count + 1) * sizeof *files) : NULL;
    if (!files) {
        free(path);
        return -ENOMEM;
    }
    roster->files = files;
    files[roster->file_count++] = (struct file_look){.path = path, .seen = fileid_at(path)};
    return 0;
}

/* Before it is read: what is written meanwhile is noticed later. */
static int note_key_file(struct roster *roster, const struct options *options)
{
    char *path = keysource_path(options->keys_file, environ);
    return path ? add_file(roster, path) : 0;
}

/* They have been read: one that was written since the reading began is read once more. Times of
 * files are finer than time(), which may be a tick behind them; one that is yet to come says
 * nothing. */
static int note_token_files(struct roster *roster, time_t began)
{
    CLEANUP_FREE char *folder = roster->file_count > 0 ? path_folder(roster->files[0].path) : NULL;
    int r = 0;
    for (size_t i = 0; r == 0 && folder && i < roster->rotation.count + roster->rotation.has_master;
         i++) {
        const struct key *key = roster->rotation.candidates[i].key;
        if (key->source != KEY_FILE)
            continue;
        r = add_file(roster, files_expand(key->token_file, folder));
        struct fileid *seen = &roster->files[roster->file_count - 1].seen;
        if (r == 0 && seen->modified.tv_sec >= began && seen->modified.tv_sec <= time(NULL) + 1)
            *seen = (struct fileid){0};
    }
    return r;
}

void roster_look(struct roster *roster)
{
    for (size_t i = 0; i < roster->file_count; i++)
        roster->files[i].seen = fileid_at(roster->files[i].path);
}

bool roster_is_stale(const struct roster *roster)
{
    for (size_t i = 0; i < roster->file_count; i++)
        if (!fileid_is_unchanged(fileid_at(roster->files[i].path), roster->files[i].seen))
            return true;
    return false;
}

/* A process that renews a login writes the key file each time, even when the provider refuses. */
static void inherit_secret(const struct candidate *candidate, struct key_secret *now,
                           const struct key_secret *before)
{
    now->renewed_at = before->renewed_at;
    if (!candidate->key->has_refresh_token && candidate->key->source != KEY_CONFIG_DIR)
        return;
    now->failed_at = before->failed_at;
    now->said = before->said;
}

void roster_inherit(struct roster *roster, const struct roster *before)
{
    struct rotation *now = &roster->rotation;
    const struct rotation *old = &before->rotation;
    for (size_t i = 0; i < now->count + now->has_master; i++)
        for (size_t k = 0; k < old->count + old->has_master; k++) {
            if (strcmp(now->candidates[i].key->name, old->candidates[k].key->name) != 0)
                continue;
            roster->trials[i] = before->trials[k];
            inherit_secret(&now->candidates[i], &roster->secrets[i], &before->secrets[k]);
        }
}

/* ---- */

int roster_load(const struct options *options, struct roster **ret_roster)
{
    struct roster *roster = calloc(1, sizeof *roster);
    if (!roster)
        return -ENOMEM;
    roster->references = 1;
    time_t began = time(NULL);
    int r = note_key_file(roster, options);
    if (r == 0)
        r = read_keys(roster, options);
    if (r == 0)
        r = apply_options(roster, options);
    if (r == 0)
        r = rotation_init(&roster->rotation, &roster->keyring);
    if (r == 0) {
        size_t count = roster->rotation.count + 1;
        roster->trials = calloc(count, sizeof *roster->trials);
        roster->secrets = calloc(count, sizeof *roster->secrets);
        roster->refusals = calloc(count, sizeof *roster->refusals);
        roster->ramps = calloc(count, sizeof *roster->ramps);
        r = roster->trials && roster->secrets && roster->refusals && roster->ramps ? 0 : -ENOMEM;
    }
    if (r == 0)
        r = note_token_files(roster, began);
    if (r < 0)
        roster_release(roster);
    else
        *ret_roster = roster;
    return r;
}

void kept_refusal_finish(struct kept_refusal *kept)
{
    buffer_finish(&kept->head);
    buffer_finish(&kept->body);
    *kept = (struct kept_refusal){0};
}

struct roster *roster_keep(struct roster *roster)
{
    roster->references++;
    return roster;
}

void roster_release(struct roster *roster)
{
    if (!roster || --roster->references > 0)
        return;
    for (size_t i = 0; roster->refusals && i <= roster->rotation.count; i++)
        kept_refusal_finish(&roster->refusals[i]);
    free(roster->refusals);
    rotation_finish(&roster->rotation);
    keyring_finish(&roster->keyring);
    free(roster->trials);
    free(roster->secrets);
    free(roster->ramps);
    for (size_t i = 0; i < roster->file_count; i++)
        free(roster->files[i].path);
    free(roster->files);
    free(roster->origin);
    free(roster);
}

const char *roster_base(const struct key *key)
{
    return destination_of(key, environ).url;
}
