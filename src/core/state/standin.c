#include "core/state/standin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int64_t shifted(int64_t stamp, int64_t by)
{
    return stamp > 0 ? stamp + by : stamp;
}

static void begin_table(struct record_table *table, int64_t ahead)
{
    for (size_t i = 0; i < table->count; i++) {
        struct record *record = &table->records[i];
        record->runs = record->failures = 0;
        record->last_used = shifted(record->last_used, -ahead);
        record->last_failed = shifted(record->last_failed, -ahead);
        record->warned_end = shifted(record->warned_end, -ahead);
        for (size_t k = 0; k < record->cooldown_count; k++)
            record->cooldowns[k].until -= ahead;
        record->changed = true;
    }
}

int standin_begin(const struct state *shared, int64_t ahead, int64_t now, struct state *ret_standin)
{
    struct state state;
    int r = state_copy(shared, &state);
    if (r < 0)
        return r;
    state.lease_count = 0;
    begin_table(&state.keys, ahead);
    begin_table(&state.organizations, ahead);
    for (size_t i = 0; i < state.master_use_count; i++)
        state.master_uses[i] = shifted(state.master_uses[i], -ahead);
    state.warned_undersized = shifted(state.warned_undersized, -ahead);
    for (size_t i = 0; i < state.pool_count; i++)
        state.pools[i].warned_undersized = shifted(state.pools[i].warned_undersized, -ahead);
    state.stands_in_since = now;
    *ret_standin = state;
    return 0;
}

static struct cooldown *find_rest(struct record *record, const struct cooldown *like)
{
    for (size_t i = 0; i < record->cooldown_count; i++)
        if (record->cooldowns[i].class == like->class &&
            strcmp(record->cooldowns[i].model, like->model) == 0)
            return &record->cooldowns[i];
    return NULL;
}

static int adopt_rest(struct record *record, struct cooldown rest, int64_t ahead)
{
    struct cooldown *known = find_rest(record, &rest);
    rest.until += ahead;
    if (known) {
        if (rest.until > known->until)
            *known = rest;
        return 0;
    }
    struct cooldown *grown =
        realloc(record->cooldowns, (record->cooldown_count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    record->cooldowns = grown;
    grown[record->cooldown_count++] = rest;
    return 0;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool has_news(const struct record *record)
{
    return record->runs > 0 || record->failures > 0 || record->cooldown_count > 0 ||
           record->warned_end > 0;
}

static int adopt_record(struct record_table *table, const char *id, const struct record *from,
                        int64_t ahead)
{
    if (!from || !has_news(from))
        return 0;
    struct record *record = state_touch(table, id);
    int r = record ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < from->cooldown_count; i++)
        r = adopt_rest(record, from->cooldowns[i], ahead);
    if (r < 0)
        return r;
    record->runs += from->runs;
    record->failures += from->failures;
    record->last_used = later(record->last_used, shifted(from->last_used, ahead));
    record->warned_end = later(record->warned_end, shifted(from->warned_end, ahead));
    if (from->failures > 0) {
        record->last_failed = later(record->last_failed, shifted(from->last_failed, ahead));
        record->last_class = from->last_class;
    }
    if (!*record->name)
        memcpy(record->name, from->name, sizeof record->name);
    return 0;
}

static int adopt_table(struct record_table *table, const struct record_table *from, int64_t ahead)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < from->count; i++)
        r = adopt_record(table, from->records[i].id, &from->records[i], ahead);
    return r;
}

static int adopt_key(struct state *shared, const struct state *standin, const struct key *key,
                     int64_t ahead)
{
    char ours[IDENTITY_TEXT], theirs[IDENTITY_TEXT];
    if (identity_of(key, standin->salt, theirs) < 0 || identity_of(key, shared->salt, ours) < 0)
        return 0;
    return adopt_record(&shared->keys, ours, state_find(&standin->keys, theirs), ahead);
}

static int adopt_keyring(struct state *shared, const struct state *standin,
                         const struct keyring *keyring, int64_t ahead)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < keyring->count; i++)
        r = adopt_key(shared, standin, &keyring->keys[i], ahead);
    return r < 0 || !keyring->has_master ? r : adopt_key(shared, standin, &keyring->master, ahead);
}

static int adopt_master_uses(struct state *shared, const struct state *standin, int64_t ahead)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < standin->master_use_count; i++)
        if (standin->master_uses[i] >= standin->stands_in_since)
            r = state_note_master_use(shared, standin->master_uses[i] + ahead);
    return r;
}

int standin_adopt(struct state *shared, const struct state *standin, const struct keyring *keyring,
                  int64_t ahead)
{
    int r = 0;
    if (strcmp(shared->salt, standin->salt) == 0)
        r = adopt_table(&shared->keys, &standin->keys, ahead);
    else if (keyring)
        r = adopt_keyring(shared, standin, keyring, ahead);
    if (r == 0)
        r = adopt_table(&shared->organizations, &standin->organizations, ahead);
    return r < 0 ? r : adopt_master_uses(shared, standin, ahead);
}
