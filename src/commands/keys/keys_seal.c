#include "base/secret.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <errno.h>

/* Secrets that a seal does not cover. */
static void say_what_stays(const struct keychange *change)
{
    const cJSON *key, *keys = json_get(change->file, "keys");
    size_t files = json_get(json_get(change->file, "master"), "token_file") ? 1 : 0;
    cJSON_ArrayForEach (key, keys)
        files += json_get(key, "token_file") ? 1 : 0;
    if (files > 0)
        log_say("%s: %zu of its keys %s in files of their own, which stay as they are",
                change->path, files, files == 1 ? "is" : "are");
}

static int seal(struct keychange *change, const struct seal_limits *limits)
{
    struct buffer error = {0};
    char *passphrase = NULL;
    if (change->sealed) {
        log_say("%s: it is sealed already; tcr-run keys unseal opens it", change->path);
        return EXIT_OWN_FAILURE;
    }
    int r = passphrase_choose(change->path, &error, &passphrase);
    if (r == 0)
        r = keychange_seal(change, limits, passphrase, &error);
    secret_free(passphrase);
    if (r < 0)
        return keys_fail(change->path, &error, r);
    buffer_finish(&error);
    log_say("%s: sealed; without its passphrase the keys are lost", change->path);
    say_what_stays(change);
    return 0;
}

int keys_seal(int argc, char **argv)
{
    const char *name = NULL;
    const struct flag flags[] = {{"limits", 0, NULL, &name}, {0}};
    struct options options;
    struct keychange change;
    if (!keys_parse(argc, argv, flags, 0, 0, &options))
        return EXIT_OWN_FAILURE;
    const struct seal_limits *limits = name ? seal_limits_find(name) : &seal_limits_default;
    if (!limits) {
        log_say("keys seal: --limits: expected interactive or moderate, found \"%s\"", name);
        return EXIT_OWN_FAILURE;
    }
    int status = keys_open_existing(&options, &change);
    if (status == 0)
        status = seal(&change, limits);
    keychange_close(&change);
    return status;
}

static int unseal(struct keychange *change)
{
    struct buffer error = {0};
    if (!change->sealed) {
        log_say("%s: it is not sealed", change->path);
        return EXIT_OWN_FAILURE;
    }
    int r = keychange_unseal(change, &error);
    if (r < 0)
        return keys_fail(change->path, &error, r);
    buffer_finish(&error);
    log_say("%s: unsealed; anybody who gets the file can read its keys", change->path);
    return 0;
}

int keys_unseal(int argc, char **argv)
{
    const struct flag none[] = {{0}};
    struct options options;
    struct keychange change;
    if (!keys_parse(argc, argv, none, 0, 0, &options))
        return EXIT_OWN_FAILURE;
    int status = keys_open_existing(&options, &change);
    if (status == 0)
        status = unseal(&change);
    keychange_close(&change);
    return status;
}
