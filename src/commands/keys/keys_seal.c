#include "base/secret.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <errno.h>

/* What a seal does not cover. */
static void say_what_stays(const struct keystore *store)
{
    const cJSON *key, *keys = json_get(store->file, "keys");
    size_t files = json_get(json_get(store->file, "master"), "token_file") ? 1 : 0;
    cJSON_ArrayForEach (key, keys)
        files += json_get(key, "token_file") ? 1 : 0;
    if (files > 0)
        log_say("%s: %zu of its keys %s in files of their own, which stay as they are", store->path,
                files, files == 1 ? "is" : "are");
}

static int seal(struct keystore *store, const struct seal_limits *limits)
{
    struct buffer error = {0};
    char *passphrase = NULL;
    if (store->sealed) {
        log_say("%s: it is sealed already; tcr-run keys unseal opens it", store->path);
        return EXIT_OWN_FAILURE;
    }
    int r = passphrase_choose(store->path, &error, &passphrase);
    if (r == 0)
        r = keystore_seal(store, limits, passphrase, &error);
    secret_free(passphrase);
    if (r < 0)
        return keys_fail(store->path, &error, r);
    buffer_finish(&error);
    log_say("%s: sealed; without its passphrase nobody gets the keys back", store->path);
    say_what_stays(store);
    return 0;
}

int keys_seal(int argc, char **argv)
{
    const char *name = NULL;
    const struct flag flags[] = {{"limits", 0, NULL, &name}, {0}};
    struct options options;
    struct keystore store;
    if (!keys_parse(argc, argv, flags, 0, 0, &options))
        return EXIT_OWN_FAILURE;
    const struct seal_limits *limits = name ? seal_limits_find(name) : &seal_limits_default;
    if (!limits) {
        log_say("keys seal: --limits: expected interactive or moderate, found \"%s\"", name);
        return EXIT_OWN_FAILURE;
    }
    int status = keys_open_existing(&options, &store);
    if (status == 0)
        status = seal(&store, limits);
    keystore_close(&store);
    return status;
}

static int unseal(struct keystore *store)
{
    struct buffer error = {0};
    if (!store->sealed) {
        log_say("%s: it is not sealed", store->path);
        return EXIT_OWN_FAILURE;
    }
    int r = keystore_unseal(store, &error);
    if (r < 0)
        return keys_fail(store->path, &error, r);
    buffer_finish(&error);
    log_say("%s: unsealed; its keys can be read by whoever gets at the file", store->path);
    return 0;
}

int keys_unseal(int argc, char **argv)
{
    const struct flag none[] = {{0}};
    struct options options;
    struct keystore store;
    if (!keys_parse(argc, argv, none, 0, 0, &options))
        return EXIT_OWN_FAILURE;
    int status = keys_open_existing(&options, &store);
    if (status == 0)
        status = unseal(&store);
    keystore_close(&store);
    return status;
}
