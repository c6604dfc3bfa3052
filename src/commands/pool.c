#include "commands/pool.h"

#include "base/variable.h"
#include "commands/command.h"
#include "commands/host.h"
#include "core/pool/keyenv.h"
#include "core/pool/modelmap.h"
#include "system/keys/keysource.h"
#include "system/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* In CI, secrets are empty where they may not be seen, as in a pull request from a fork. */
static void say_what_is_empty(void)
{
    static const char *const names[] = {
        "TCR_KEYS",           "TCR_MASTER_KEY",          "CLAUDE_CODE_OAUTH_TOKENS",
        "ANTHROPIC_API_KEYS", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (variable_value(environ, names[i])) {
            log_say("%s is set, but holds no key: may this job see the secret?", names[i]);
            return;
        }
    if (variable_value(environ, "ANTHROPIC_AUTH_TOKEN"))
        log_say("ANTHROPIC_AUTH_TOKEN is a key only together with ANTHROPIC_BASE_URL");
}

static int say_no_keys(void)
{
    char *path = keysource_default_path();
    log_say("there are no keys in %s; add one: tcr-run keys add NAME (or set TCR_KEYS)",
            path ? path : "a file named by --keys");
    free(path);
    say_what_is_empty();
    return EXIT_NO_KEY;
}

static void say_report(const struct pool *pool, const struct keyring_report *report)
{
    struct buffer prefix = {0};
    if (report->errors.length == 0 && report->warnings.length == 0)
        return;
    buffer_append_format(&prefix, "%s: ", pool->origin ? pool->origin : "keys");
    log_say_lines(buffer_text(&prefix), buffer_text(&report->errors));
    log_warn_lines(buffer_text(&prefix), buffer_text(&report->warnings));
    buffer_finish(&prefix);
}

static void explain_source(const struct pool *pool)
{
    if (!log_says(LOG_VERBOSE))
        return;
    const char *hidden = keyenv_own(environ);
    log_explain("%zu keys%s from %s", pool->keyring.count,
                pool->keyring.has_master ? " and a master key" : "", pool->origin);
    if (hidden && strcmp(pool->origin, KEYSOURCE_ENVIRONMENT) != 0)
        log_explain("%s is set, but not used: the key file wins", hidden);
}

static int load_keys(struct pool *pool, const struct options *options)
{
    struct keyring_report report = {0};
    int r = keysource_load(options->keys_file, environ, &pool->keyring, &report, &pool->origin);
    say_report(pool, &report);
    keyring_report_finish(&report);
    if (r == -ENOENT)
        return say_no_keys();
    if (r == -ENOMEM)
        log_say("out of memory while reading the keys");
    if (r == 0)
        explain_source(pool);
    return r < 0 ? EXIT_OWN_FAILURE : 0;
}

/* Variables override the key file, and options override both. */
static int apply_variables(struct policy *policy)
{
    static const struct {
        const char *name;
        int (*parse)(struct policy *policy, const char *text, struct buffer *error);
    } variables[] = {{"TCR_MAX_PER_KEY", policy_parse_max_per_key},
                     {"TCR_GATEWAY", policy_parse_gateway}};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        struct buffer error = {0};
        const char *value = variable_value(environ, variables[i].name);
        int r = value && *value ? variables[i].parse(policy, value, &error) : 0;
        if (r < 0)
            log_say("%s: %s", variables[i].name, buffer_text(&error));
        buffer_finish(&error);
        if (r < 0)
            return r;
    }
    return 0;
}

static int apply_options(struct pool *pool, const struct options *options)
{
    struct buffer error = {0};
    int r = options->profile ? keyring_apply_profile(&pool->keyring, options->profile, &error) : 0;
    pool->policy = pool->keyring.policy;
    if (r == 0 && apply_variables(&pool->policy) < 0) {
        buffer_finish(&error);
        return EXIT_OWN_FAILURE;
    }
    if (r == 0)
        r = options_apply_policy(options, &pool->policy, &error);
    if (r == 0)
        r = modelmap_apply(&pool->keyring, options->model_fallback, options->no_model_fallback,
                           &error);
    if (r == 0 && options->key && !keyring_find(&pool->keyring, options->key)) {
        keyring_append_unknown(&pool->keyring, options->key, &error);
        r = -EINVAL;
    }
    if (r < 0)
        log_say("%s: %s", pool->origin, error.length ? buffer_text(&error) : strerror(-r));
    buffer_finish(&error);
    return r < 0 ? EXIT_OWN_FAILURE : 0;
}

int pool_open(struct pool *pool, const struct options *options)
{
    *pool = (struct pool){0};
    int status = load_keys(pool, options);
    if (status == 0)
        status = apply_options(pool, options);
    if (status != 0)
        return status;
    if (options->no_master)
        pool->keyring.has_master = false;
    pool->store = store_create(&pool->keyring, &command_host);
    if (!pool->store || rotation_init(&pool->rotation, &pool->keyring) < 0) {
        log_say("out of memory");
        return EXIT_OWN_FAILURE;
    }
    return 0;
}

void pool_close(struct pool *pool)
{
    rotation_finish(&pool->rotation);
    store_destroy(pool->store);
    keyring_finish(&pool->keyring);
    free(pool->origin);
    *pool = (struct pool){0};
}

const struct state *pool_survey(struct pool *pool, const struct demand *demand, int64_t *ret_now)
{
    const struct state *state = store_read(pool->store);
    int64_t now = store_now(pool->store);
    if (!state || rotation_survey(&pool->rotation, state, demand, now) < 0) {
        log_say("out of memory");
        return NULL;
    }
    *ret_now = now;
    return state;
}

bool pool_knows(struct pool *pool, char *const *names)
{
    struct buffer text = {0};
    while (*names && keyring_find(&pool->keyring, *names))
        names++;
    if (*names) {
        keyring_append_unknown(&pool->keyring, *names, &text);
        log_say("%s: %s", pool->origin, buffer_text(&text));
    }
    buffer_finish(&text);
    return !*names;
}

const struct candidate *pool_first_ready(const struct rotation *rotation)
{
    int64_t earliest = rotation_earliest(rotation);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (candidate->cooling && candidate->cooling->until == earliest)
            return candidate;
    }
    return NULL;
}
