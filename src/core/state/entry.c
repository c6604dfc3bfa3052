#include "core/state/entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int do_use(struct state *state, const struct entry *entry)
{
    struct record *record = state_touch(&state->keys, entry->id);
    if (!record)
        return -ENOMEM;
    memcpy(record->name, entry->name, sizeof record->name);
    record->last_used = later(record->last_used, entry->at);
    record->runs += entry->count;
    return 1;
}

static int do_failure(struct state *state, const struct entry *entry)
{
    struct record *record = state_touch(&state->keys, entry->id);
    if (!record)
        return -ENOMEM;
    record->failures++;
    record->last_failed = entry->at;
    record->last_class = entry->rest.class;
    return 1;
}

/* One that began after this was found is newer, though it was written before. */
static bool has_newer_rest(const struct record *record, const struct entry *entry)
{
    for (size_t i = 0; i < record->cooldown_count; i++) {
        const struct cooldown *known = &record->cooldowns[i];
        if (known->class == entry->rest.class && strcmp(known->model, entry->rest.model) == 0 &&
            known->until - known->length > entry->at)
            return true;
    }
    return false;
}

static int do_rest(struct state *state, const struct entry *entry)
{
    struct record *record =
        state_touch(entry->of_organization ? &state->organizations : &state->keys, entry->id);
    if (record && has_newer_rest(record, entry))
        return 0;
    return record && record_rest(record, &entry->rest) == 0 ? 1 : -ENOMEM;
}

/* A call that names no model has the client's own choice: its success says nothing of one that a
 * rest names. */
static bool ends(const struct cooldown *rest, const struct entry *entry)
{
    const char *model = entry->rest.model;
    bool own = !*rest->model || (*model ? strcasestr(model, rest->model) != NULL
                                        : strcmp(rest->model, COOLDOWN_DEFAULT_MODEL) == 0);
    return rest->until <= entry->at || (own && rest->length <= entry->longest[rest->class]);
}

/* A failure that another met on the key meanwhile is newer than this success, which began before
 * it. */
static int do_recovery(struct state *state, const struct entry *entry)
{
    const struct record *known = state_find(&state->keys, entry->id);
    size_t kept = 0;
    if (!known || known->failures != entry->failures || known->last_failed != entry->last_failed)
        return 0;
    for (size_t i = 0; i < known->cooldown_count; i++)
        kept += !ends(&known->cooldowns[i], entry);
    if (kept == known->cooldown_count && (kept > 0 || known->failures == 0))
        return 0;
    struct record *record = state_touch(&state->keys, entry->id);
    if (!record)
        return -ENOMEM;
    size_t left = 0;
    for (size_t i = 0; i < record->cooldown_count; i++)
        if (!ends(&record->cooldowns[i], entry))
            record->cooldowns[left++] = record->cooldowns[i];
    record->cooldown_count = left;
    if (left == 0)
        record->failures = 0;
    record->changed = true;
    return 1;
}

static int do_master(struct state *state, const struct entry *entry)
{
    int r = state_note_master_use(state, entry->at);
    return r < 0 ? r : 1;
}

static int do_cursor(struct state *state, const struct entry *entry)
{
    struct pool_place place;
    const char *kind = *entry->pool ? entry->pool : NULL;
    if (*entry->from && strcmp(state_cursor(state, kind), entry->from) != 0)
        return 0;
    int r = state_pool(state, kind, &place);
    if (r < 0)
        return r;
    snprintf(place.cursor, IDENTITY_TEXT, "%.*s", IDENTITY_TEXT - 1, entry->id);
    return 1;
}

static int do_crowded(struct state *state, const struct entry *entry)
{
    struct pool_place place;
    int r = state_pool(state, *entry->pool ? entry->pool : NULL, &place);
    if (r < 0)
        return r;
    *place.warned_undersized = entry->at;
    return 1;
}

static int do_usage(struct state *state, const struct entry *entry)
{
    struct record *record = state_touch(&state->keys, entry->id);
    return record ? record_note_usage(record, &entry->usage, entry->at) : -ENOMEM;
}

int entry_do(struct state *state, const struct entry *entry)
{
    static int (*const doers[])(struct state *, const struct entry *) = {
        [ENTRY_USE] = do_use,           [ENTRY_FAILURE] = do_failure, [ENTRY_REST] = do_rest,
        [ENTRY_RECOVERY] = do_recovery, [ENTRY_MASTER] = do_master,   [ENTRY_CURSOR] = do_cursor,
        [ENTRY_CROWDED] = do_crowded,   [ENTRY_USAGE] = do_usage,
    };
    return doers[entry->kind](state, entry);
}

bool entry_is_urgent(const struct entry *entry)
{
    return entry->kind != ENTRY_USE && entry->kind != ENTRY_CURSOR && entry->kind != ENTRY_USAGE;
}

/* The next entry about a cursor is merged with the last one. */
static struct entry *find_like(struct entries *entries, const struct entry *entry)
{
    for (size_t i = entries->count; i-- > 0;) {
        struct entry *known = &entries->list[i];
        if (known->kind != entry->kind)
            continue;
        if (entry->kind != ENTRY_CURSOR && strcmp(known->id, entry->id) == 0)
            return known;
        if (entry->kind == ENTRY_CURSOR && strcmp(known->pool, entry->pool) == 0)
            return *known->from || *entry->from ? NULL : known;
    }
    return NULL;
}

static bool join(struct entries *entries, const struct entry *entry)
{
    struct entry *known = entry_is_urgent(entry) ? NULL : find_like(entries, entry);
    if (!known)
        return false;
    int64_t count = known->count;
    *known = *entry;
    known->count += count;
    return true;
}

int entries_add(struct entries *entries, const struct entry *entry)
{
    if (join(entries, entry))
        return 0;
    if (entries->count == entries->room) {
        size_t room = entries->room ? entries->room * 2 : 8;
        struct entry *grown = realloc(entries->list, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        entries->list = grown;
        entries->room = room;
    }
    entries->list[entries->count++] = *entry;
    return 0;
}

static int64_t moved(int64_t stamp, int64_t by)
{
    return stamp > 0 ? stamp + by : stamp;
}

/* A second more or less is rounding. */
static struct entry by_clock(const struct entry *entry, int64_t ahead)
{
    struct entry set = *entry;
    int64_t by = ahead - entry->ahead;
    if (by >= -1 && by <= 1)
        return set;
    set.at = moved(set.at, by);
    set.rest.until = moved(set.rest.until, by);
    set.last_failed = moved(set.last_failed, by);
    return set;
}

int entries_do(struct state *state, const struct entries *entries, int64_t ahead)
{
    int changed = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry entry = by_clock(&entries->list[i], ahead);
        int r = entry_do(state, &entry);
        if (r < 0)
            return r;
        changed |= r;
    }
    return changed;
}

void entries_finish(struct entries *entries)
{
    free(entries->list);
    *entries = (struct entries){0};
}
