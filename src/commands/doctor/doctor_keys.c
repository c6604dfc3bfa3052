#include "base/cleanup.h"
#include "base/duration.h"
#include "base/shellword.h"
#include "commands/doctor/doctor.h"
#include "core/pool/keyenv.h"
#include "core/show/render.h"
#include "core/state/rotation.h"
#include "system/files.h"
#include "system/keys/keychain.h"
#include "system/keys/keysource.h"
#include "system/process/process.h"
#include "system/trust.h"
#include "system/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static bool is_usable(const struct key *key)
{
    return !key->disabled && !key->left_out;
}

static size_t count_usable(const struct keyring *keyring)
{
    size_t usable = 0;
    for (size_t i = 0; i < keyring->count; i++)
        usable += is_usable(&keyring->keys[i]);
    return usable;
}

static void say_no_keys(struct doctor *doctor)
{
    CLEANUP_FREE char *path = keysource_default_path();
    doctor_say(doctor, "keys", HEALTH_FAIL,
               "there are none in %s; fix: tcr-run keys add NAME, or set TCR_KEYS, "
               "CLAUDE_CODE_OAUTH_TOKEN or ANTHROPIC_API_KEY",
               path ? path : "a file named by --keys");
    struct buffer error = {0};
    if (path && trust_check_place(path, &error) == -EPERM)
        doctor_say(doctor, "key file", HEALTH_FAIL, "%s cannot be used: %s", path,
                   buffer_text(&error));
    buffer_finish(&error);
}

static void say_hidden(struct doctor *doctor, const char *origin)
{
    const char *name = keyenv_own(environ);
    if (name && strcmp(origin, KEYSOURCE_ENVIRONMENT) != 0)
        doctor_say(doctor, "environment", HEALTH_WARN,
                   "%s is set, but not used: %s wins; fix: unset it, or bring its keys in: env | "
                   "tcr-run keys import -",
                   name, origin);
}

static void say_count(struct doctor *doctor, const struct keyring *keyring, const char *origin)
{
    struct stat status;
    size_t usable = count_usable(keyring);
    const char *master = keyring->has_master ? " and a master key" : "";
    if (usable == 0 && !keyring->has_master)
        doctor_say(doctor, "keys", HEALTH_FAIL,
                   "none of %zu from %s can be used; fix: enable one, or fix what is said above",
                   keyring->count, origin);
    else if (usable == 0)
        doctor_say(doctor, "keys", HEALTH_WARN,
                   "the master key is the only one, and it is billed; fix: add a key to the pool");
    else if (usable == 1 && !keyring->has_master)
        doctor_say(doctor, "keys", HEALTH_WARN,
                   "there is only one, so no run can carry on with another; fix: add a second one");
    else
        doctor_say(doctor, "keys", HEALTH_OK, "%zu%s from %s", usable, master, origin);
    if (strcmp(origin, KEYSOURCE_ENVIRONMENT) != 0 && stat(origin, &status) == 0)
        doctor_say(doctor, "key file", HEALTH_OK, "%s has mode %04o, and its folders are safe",
                   origin, status.st_mode & 07777);
}

/* Returns 0 with a keyring to look at further, or a negative errno after reporting the reason. */
static int load(struct doctor *doctor, struct keyring *ret_keyring, char **ret_origin)
{
    struct keyring_report report = {0};
    struct buffer prefix = {0}, error = {0};
    int r = keysource_load(doctor->options->keys_file, environ, ret_keyring, &report, ret_origin);
    buffer_append_format(&prefix, "%s: ", *ret_origin ? *ret_origin : "keys");
    if (r == -ENOENT)
        say_no_keys(doctor);
    else if (r == -ENOMEM)
        doctor->out_of_memory = true;
    doctor_say_lines(doctor, "key file", HEALTH_FAIL, buffer_text(&prefix),
                     buffer_text(&report.errors));
    doctor_say_lines(doctor, "key file", HEALTH_WARN, buffer_text(&prefix),
                     buffer_text(&report.warnings));
    if (r == 0 && doctor->options->profile)
        r = keyring_apply_profile(ret_keyring, doctor->options->profile, &error);
    if (error.length > 0)
        doctor_say(doctor, "key file", HEALTH_FAIL, "%s", buffer_text(&error));
    buffer_finish(&prefix);
    buffer_finish(&error);
    keyring_report_finish(&report);
    return r;
}

/* --- organizations --- */

static bool shares(const struct key *key, const char *organization)
{
    return is_usable(key) && key->organization && strcmp(key->organization, organization) == 0;
}

/* `"a", "b"`; only the first key of an organization reports for it. */
static void check_organization(struct doctor *doctor, const struct keyring *keyring, size_t first)
{
    const char *organization = keyring->keys[first].organization;
    struct buffer names = {0};
    size_t count = 0, api = 0;
    for (size_t i = 0; i < keyring->count; i++) {
        const struct key *key = &keyring->keys[i];
        if (!shares(key, organization))
            continue;
        if (i < first) {
            buffer_finish(&names);
            return;
        }
        buffer_append_format(&names, "%s\"%s\"", count++ ? ", " : "", key->name);
        api += key->kind_known && key->kind.id == KIND_API;
    }
    if (count > 1 && api == count)
        doctor_say(doctor, "organization", HEALTH_WARN,
                   "%s are API keys of one organization, \"%s\": they share its limits and add no "
                   "capacity; fix: use keys of other organizations",
                   buffer_text(&names), organization);
    else if (count > 1)
        doctor_say(doctor, "organization", HEALTH_OK,
                   "%s are of \"%s\" and rest together after throttled and billing failures",
                   buffer_text(&names), organization);
    buffer_finish(&names);
}

static void check_organizations(struct doctor *doctor, const struct keyring *keyring)
{
    size_t unnamed = 0;
    for (size_t i = 0; i < keyring->count; i++) {
        const struct key *key = &keyring->keys[i];
        if (is_usable(key) && key->organization)
            check_organization(doctor, keyring, i);
        unnamed +=
            is_usable(key) && !key->organization && key->kind_known && key->kind.id == KIND_API;
    }
    if (unnamed > 1 && unnamed == count_usable(keyring))
        doctor_say(doctor, "organization", HEALTH_WARN,
                   "the pool is %zu API keys, and the file does not say whose; if they are of one "
                   "organization they add no capacity; fix: give each its \"organization\"",
                   unnamed);
}

/* --- where a key's secret comes from --- */

static void check_command(struct doctor *doctor, const struct key *key)
{
    CLEANUP_FREE char *program = files_find_program(key->command[0]);
    if (!program && key->keychain)
        doctor_say(doctor, "keychain", HEALTH_WARN,
                   "\"%s\": a \"keychain\" is macOS's, whose program security is not found; fix: "
                   "\"token_command\" with what keeps secrets here",
                   key->name);
    else if (!program)
        doctor_say(doctor, "token command", HEALTH_WARN,
                   "\"%s\": %s is not found; fix: install it, or name it with its path", key->name,
                   key->command[0]);
}

static void check_login(struct doctor *doctor, const struct key *key)
{
    char file[4096];
    CLEANUP_FREE char *folder = files_expand(key->config_dir, NULL);
    snprintf(file, sizeof file, "%s/.credentials.json", folder ? folder : "");
    CLEANUP_FREE char *word = shellword_copy(folder ? folder : key->config_dir);
    int r = access(file, R_OK) < 0 ? -errno : 0;
    if (r == -ENOENT && folder && keychain_has_login(folder))
        r = 0;
    if (r < 0)
        doctor_say(doctor, "login", HEALTH_WARN,
                   "\"%s\": %s: %s; fix: CLAUDE_CONFIG_DIR=%s claude, then /login", key->name, file,
                   strerror(-r), word ? word : "DIR");
}

static void check_end(struct doctor *doctor, const struct key *key)
{
    char span[DURATION_TEXT];
    int64_t end = key_end(key);
    if (!key_ends_soon(key, doctor->now))
        return;
    CLEANUP_FREE char *word = shellword_copy(key->name);
    bool over = end <= doctor->now;
    duration_format(over ? doctor->now - end : end - doctor->now, span);
    doctor_say(doctor, "end", HEALTH_WARN,
               over ? "\"%s\" ended %s ago; fix: claude setup-token makes a new one, then tcr-run "
                      "keys renew %s"
                    : "\"%s\" ends in %s; fix: claude setup-token makes a new one, then tcr-run "
                      "keys renew %s",
               key->name, span, word ? word : "NAME");
}

static void check_sources(struct doctor *doctor, const struct keyring *keyring)
{
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        const struct key *key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        if (!is_usable(key))
            continue;
        if (key->source == KEY_COMMAND)
            check_command(doctor, key);
        if (key->source == KEY_CONFIG_DIR)
            check_login(doctor, key);
        check_end(doctor, key);
    }
}

/* --- what is known about a key --- */

/* The key's last failure, if only a person can fix it and the key has not worked since. */
static enum failure_class refusal_of(const struct record *known)
{
    enum failure_class class = known && known->failures > 0 ? known->last_class : CLASS_NONE;
    return class == CLASS_AUTH || class == CLASS_FORBIDDEN || class == CLASS_BILLING ? class
                                                                                     : CLASS_NONE;
}

static void say_refused(struct doctor *doctor, const struct candidate *candidate,
                        const struct record *known)
{
    struct buffer when = {0};
    const char *name = candidate->key->name;
    enum failure_class class = refusal_of(known);
    CLEANUP_FREE char *word = shellword_copy(name);
    render_time(&when, known->last_failed, doctor->now, &zone_system);
    doctor_say(doctor, "refused", HEALTH_WARN, "\"%s\" %s at %s; fix: %s, then tcr-run reset %s",
               name, failure_phrase(class), buffer_text(&when),
               class == CLASS_BILLING     ? "add credit"
               : class == CLASS_FORBIDDEN ? "ask whoever runs its organization"
                                          : "renew it (claude setup-token)",
               word ? word : "NAME");
    buffer_finish(&when);
}

static void check_known(struct doctor *doctor, struct keyring *keyring)
{
    struct rotation rotation;
    const struct demand demand = {0};
    size_t refused = 0;
    state_settle(&doctor->state, doctor->now + doctor->ahead);
    state_prune_leases(&doctor->state, process_holds);
    if (rotation_init(&rotation, keyring) < 0 ||
        rotation_survey(&rotation, &doctor->state, &demand, doctor->now + doctor->ahead) < 0) {
        doctor->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < rotation.count + rotation.has_master; i++) {
        const struct candidate *candidate = &rotation.candidates[i];
        const struct record *known = state_find(&doctor->state.keys, candidate->id);
        if (!is_usable(candidate->key) || refusal_of(known) == CLASS_NONE)
            continue;
        refused += i < rotation.count;
        say_refused(doctor, candidate, known);
    }
    size_t usable = count_usable(keyring);
    if (usable > 0 && refused == usable)
        doctor_say(doctor, "refused", HEALTH_FAIL,
                   "every key of the pool was; fix: look at each as said above");
    rotation_finish(&rotation);
}

void doctor_check_keys(struct doctor *doctor)
{
    struct keyring keyring = {0};
    CLEANUP_FREE char *origin = NULL;
    if (load(doctor, &keyring, &origin) == 0) {
        say_count(doctor, &keyring, origin);
        say_hidden(doctor, origin);
        check_organizations(doctor, &keyring);
        check_sources(doctor, &keyring);
        if (doctor->has_state)
            check_known(doctor, &keyring);
    }
    keyring_finish(&keyring);
}
