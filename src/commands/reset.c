#include "base/cleanup.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/pool.h"
#include "commands/run/journal.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <stdlib.h>
#include <string.h>

struct reset {
    struct pool *pool;
    char **names;  /* NULL-terminated; if empty, all keys */
    bool *is_done; /* one for each candidate */
    size_t done;
};

static bool is_named(const struct reset *reset, const char *name)
{
    if (!*reset->names)
        return true;
    for (char **p = reset->names; *p; p++)
        if (strcmp(*p, name) == 0)
            return true;
    return false;
}

static size_t reset_one(struct record_table *table, const char *id)
{
    const struct record *known = state_find(table, id);
    if (!known || (known->cooldown_count == 0 && known->failures == 0))
        return 0;
    struct record *record = state_touch(table, id);
    if (record)
        record_reset(record);
    return record != NULL;
}

static bool change(struct state *state, int64_t now, void *context)
{
    struct reset *reset = context;
    struct rotation *rotation = &reset->pool->rotation;
    const struct demand demand = {0};
    reset->done = 0;
    if (rotation_survey(rotation, state, &demand, now) < 0)
        return false;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        size_t done = 0;
        if (is_named(reset, candidate->key->name)) {
            done += reset_one(&state->keys, candidate->id);
            if (candidate->key->organization)
                done += reset_one(&state->organizations, candidate->key->organization);
        }
        reset->is_done[i] = done > 0;
        reset->done += done;
    }
    return reset->done > 0;
}

static int reset_keys(struct pool *pool, char **names)
{
    const struct rotation *rotation = &pool->rotation;
    CLEANUP_FREE bool *is_done = calloc(rotation->count + 1, sizeof *is_done);
    struct reset reset = {.pool = pool, .names = names, .is_done = is_done};
    if (!is_done) {
        log_say("out of memory");
        return EXIT_OWN_FAILURE;
    }
    if (store_update(pool->store, change, &reset) != 0)
        return EXIT_OWN_FAILURE;
    struct buffer done = {0};
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const char *name = rotation->candidates[i].key->name;
        if (!is_done[i])
            continue;
        journal_add_reset(pool, name);
        buffer_append_format(&done, "%s\"%s\"", done.length ? ", " : "", name);
    }
    if (reset.done == 0)
        log_say("nothing was resting or had failed");
    else
        log_say("forgot the rests and failures of %s", buffer_text(&done));
    buffer_finish(&done);
    return 0;
}

int command_reset(int argc, char **argv)
{
    struct options options;
    struct pool pool = {0};
    const char *seal = NULL; /* passed by a gateway: what opens a sealed file */
    const struct flag flags[] = {{"seal-fd", 0, NULL, &seal}, {0}};
    if (arguments_parse(argc, argv, flags, &options) < 0)
        return EXIT_OWN_FAILURE;
    if (seal)
        (void)passphrase_take_over(atoi(seal));
    int status = pool_open(&pool, &options);
    if (status == 0)
        status = pool_knows(&pool, argv + 1) ? 0 : EXIT_OWN_FAILURE;
    if (status == 0)
        status = reset_keys(&pool, argv + 1);
    pool_close(&pool);
    return status;
}
