#include "gateway/roster.h"

#include "core/pool/destination.h"
#include "system/keys/keysource.h"
#include "system/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
    if (r == 0 && options->key && !keyring_find(&roster->keyring, options->key)) {
        buffer_append_format(&error, "there is no key \"%s\"; tcr-run keys list shows them",
                             options->key);
        r = -EINVAL;
    }
    if (r < 0)
        log_say("%s: %s", roster->origin, error.length ? buffer_text(&error) : strerror(-r));
    if (options->no_master)
        roster->keyring.has_master = false;
    buffer_finish(&error);
    return r;
}

int roster_load(const struct options *options, struct roster **ret_roster)
{
    struct roster *roster = calloc(1, sizeof *roster);
    if (!roster)
        return -ENOMEM;
    roster->references = 1;
    int r = read_keys(roster, options);
    if (r == 0)
        r = apply_options(roster, options);
    if (r == 0)
        r = rotation_init(&roster->rotation, &roster->keyring);
    if (r == 0) {
        size_t count = roster->rotation.count + 1;
        roster->usage = calloc(count, sizeof *roster->usage);
        roster->trials = calloc(count, sizeof *roster->trials);
        r = roster->usage && roster->trials ? 0 : -ENOMEM;
    }
    if (r < 0)
        roster_release(roster);
    else
        *ret_roster = roster;
    return r;
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
    rotation_finish(&roster->rotation);
    keyring_finish(&roster->keyring);
    free(roster->usage);
    free(roster->trials);
    free(roster->origin);
    free(roster);
}

const char *roster_base(const struct key *key)
{
    return destination_of(key, environ).url;
}
