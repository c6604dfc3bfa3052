#include "core/state/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int state_create(const char *salt, struct state *ret_state)
{
    char text[128];
    int length =
        snprintf(text, sizeof text, "{\"version\":%d,\"salt\":\"%.64s\"}", STATE_VERSION, salt);
    return state_parse(text, (size_t)length, ret_state);
}

static void table_finish(struct record_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->records[i].cooldowns);
        free(table->records[i].windows);
    }
    free(table->records);
    *table = (struct record_table){0};
}

void state_finish(struct state *state)
{
    table_finish(&state->keys);
    table_finish(&state->organizations);
    free(state->leases);
    free(state->master_uses);
    free(state->pools);
    free(state->users);
    free(state->text);
    *state = (struct state){0};
}

/* NULL for an array of nothing, which is not a failure. */
static void *copy_array(const void *array, size_t count, size_t size, bool *failed)
{
    void *copy = count > 0 ? malloc(count * size) : NULL;
    *failed |= count > 0 && !copy;
    if (copy)
        memcpy(copy, array, count * size);
    return copy;
}

/* What the records were read from stands in the text, of which there is a copy too. */
static void copy_table(const struct record_table *table, const char *text, const char *text_copy,
                       struct record_table *ret_copy, bool *failed)
{
    ret_copy->records = copy_array(table->records, table->count, sizeof *table->records, failed);
    ret_copy->count = ret_copy->records ? table->count : 0;
    for (size_t i = 0; i < ret_copy->count; i++) {
        struct record *record = &ret_copy->records[i];
        record->cooldowns = copy_array(record->cooldowns, record->cooldown_count,
                                       sizeof *record->cooldowns, failed);
        record->cooldown_count = record->cooldowns ? record->cooldown_count : 0;
        record->windows =
            copy_array(record->windows, record->window_count, sizeof *record->windows, failed);
        record->window_count = record->windows ? record->window_count : 0;
        if (record->raw)
            record->raw = text_copy ? text_copy + (record->raw - text) : NULL;
    }
}

int state_copy(const struct state *state, struct state *ret_copy)
{
    struct state copy = *state;
    bool failed = false;
    copy.text = copy_array(state->text, state->text_length, 1, &failed);
    copy.keys = copy.organizations = (struct record_table){0};
    copy_table(&state->keys, state->text, copy.text, &copy.keys, &failed);
    copy_table(&state->organizations, state->text, copy.text, &copy.organizations, &failed);
    copy.leases = copy_array(state->leases, state->lease_count, sizeof *copy.leases, &failed);
    copy.master_uses =
        copy_array(state->master_uses, state->master_use_count, sizeof *copy.master_uses, &failed);
    copy.users = copy_array(state->users, state->users ? strlen(state->users) + 1 : 0, 1, &failed);
    copy.pools = copy_array(state->pools, state->pool_count, sizeof *copy.pools, &failed);
    if (failed)
        state_finish(&copy);
    else
        *ret_copy = copy;
    return failed ? -ENOMEM : 0;
}

void state_set_users(struct state *state, char *users)
{
    free(state->users);
    state->users = users;
}

static struct pool_mark *find_pool(const struct state *state, const char *kind)
{
    for (size_t i = 0; i < state->pool_count; i++)
        if (strcmp(state->pools[i].kind, kind) == 0)
            return &state->pools[i];
    return NULL;
}

const char *state_cursor(const struct state *state, const char *kind)
{
    const struct pool_mark *pool = kind ? find_pool(state, kind) : NULL;
    return pool && *pool->cursor ? pool->cursor : state->cursor;
}

int state_pool(struct state *state, const char *kind, struct pool_place *ret_place)
{
    if (!kind) {
        *ret_place = (struct pool_place){state->cursor, &state->warned_undersized};
        return 0;
    }
    struct pool_mark *pool = find_pool(state, kind);
    if (!pool) {
        pool = realloc(state->pools, (state->pool_count + 1) * sizeof *pool);
        if (!pool)
            return -ENOMEM;
        state->pools = pool;
        pool += state->pool_count++;
        *pool = (struct pool_mark){0};
        snprintf(pool->kind, sizeof pool->kind, "%s", kind);
    }
    *ret_place = (struct pool_place){pool->cursor, &pool->warned_undersized};
    return 0;
}

int64_t state_warned_undersized(const struct state *state, const char *kind)
{
    const struct pool_mark *pool = kind ? find_pool(state, kind) : NULL;
    return pool ? pool->warned_undersized : kind ? 0 : state->warned_undersized;
}

static size_t find_place(const struct record_table *table, const char *id, bool *ret_found)
{
    size_t low = 0, high = table->count;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        /* An organization's name may be longer than its place. */
        int order = strncmp(table->records[middle].id, id, sizeof table->records->id - 1);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct record *state_find(const struct record_table *table, const char *id)
{
    bool found;
    size_t place = find_place(table, id, &found);
    return found ? &table->records[place] : NULL;
}

struct record *state_touch(struct record_table *table, const char *id)
{
    bool found;
    size_t place = find_place(table, id, &found);
    if (!found) {
        struct record *grown = realloc(table->records, (table->count + 1) * sizeof *table->records);
        if (!grown)
            return NULL;
        table->records = grown;
        memmove(grown + place + 1, grown + place, (table->count - place) * sizeof *grown);
        grown[place] = (struct record){0};
        snprintf(grown[place].id, sizeof grown[place].id, "%s", id);
        table->count++;
    }
    table->records[place].changed = true;
    return &table->records[place];
}

static bool settle_cooldown(struct cooldown *cooldown, int64_t now)
{
    if (cooldown->until - now <= cooldown->length)
        return false;
    cooldown->until = now + cooldown->length;
    return true;
}

static bool settle_stamp(int64_t *stamp, int64_t now)
{
    if (*stamp <= now)
        return false;
    *stamp = now;
    return true;
}

/* True if something of the future came back. */
static bool settle_record(struct record *record, int64_t now)
{
    size_t kept = 0;
    bool came_back = false;
    for (size_t i = 0; i < record->cooldown_count; i++) {
        came_back |= settle_cooldown(&record->cooldowns[i], now);
        if (record->cooldowns[i].until > now)
            record->cooldowns[kept++] = record->cooldowns[i];
    }
    record->changed |= kept != record->cooldown_count;
    record->cooldown_count = kept;
    came_back |= settle_stamp(&record->last_used, now);
    came_back |= settle_stamp(&record->last_failed, now);
    came_back |= settle_stamp(&record->warned_end, now);
    record->changed |= came_back;
    return came_back;
}

void state_settle(struct state *state, int64_t now)
{
    bool came_back = false;
    for (size_t i = 0; i < state->keys.count; i++)
        came_back |= settle_record(&state->keys.records[i], now);
    for (size_t i = 0; i < state->organizations.count; i++)
        came_back |= settle_record(&state->organizations.records[i], now);
    for (size_t i = 0; i < state->lease_count; i++)
        came_back |= settle_stamp(&state->leases[i].since, now);
    for (size_t i = 0; i < state->master_use_count; i++)
        came_back |= settle_stamp(&state->master_uses[i], now);
    came_back |= settle_stamp(&state->warned_undersized, now);
    for (size_t i = 0; i < state->pool_count; i++)
        came_back |= settle_stamp(&state->pools[i].warned_undersized, now);
    state->came_back |= came_back;
}

/* "claude-opus-4-8[1m]" is covered by a rest for "opus"; a run whose model is not known may use
 * any, so every rest covers it. */
static bool covers(const struct cooldown *cooldown, const char *model)
{
    return !*cooldown->model || !model || strcasestr(model, cooldown->model);
}

const struct cooldown *record_cooling(const struct record *record, const char *model, int64_t now)
{
    const struct cooldown *longest = NULL;
    for (size_t i = 0; record && i < record->cooldown_count; i++) {
        const struct cooldown *cooldown = &record->cooldowns[i];
        if (cooldown->until > now && covers(cooldown, model) &&
            (!longest || cooldown->until > longest->until))
            longest = cooldown;
    }
    return longest;
}

struct cooldown cooldown_of(const struct finding *finding, int64_t seconds, int64_t now)
{
    struct cooldown rest = {.class = finding->class, .until = now + seconds, .length = seconds};
    snprintf(rest.model, sizeof rest.model, "%s",
             finding->scope == SCOPE_MODEL ? finding->model : "");
    snprintf(rest.what, sizeof rest.what, "%s", finding->what);
    return rest;
}

int record_rest(struct record *record, const struct cooldown *rest)
{
    size_t i = 0;
    record->changed = true;
    while (i < record->cooldown_count && (record->cooldowns[i].class != rest->class ||
                                          strcmp(record->cooldowns[i].model, rest->model) != 0))
        i++;
    if (i == record->cooldown_count) {
        struct cooldown *grown = realloc(record->cooldowns, (i + 1) * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        record->cooldowns = grown;
        record->cooldown_count++;
    }
    record->cooldowns[i] = *rest;
    return 0;
}

int record_cool(struct record *record, const struct finding *finding, int64_t seconds, int64_t now)
{
    const struct cooldown rest = cooldown_of(finding, seconds, now);
    return record_rest(record, &rest);
}

void record_reset(struct record *record)
{
    record->cooldown_count = 0;
    record->failures = 0;
    record->changed = true;
}

bool record_forget(struct record *record, enum failure_class class)
{
    size_t kept = 0;
    for (size_t i = 0; record && i < record->cooldown_count; i++)
        if (record->cooldowns[i].class != class)
            record->cooldowns[kept++] = record->cooldowns[i];
    if (!record || kept == record->cooldown_count)
        return false;
    record->cooldown_count = kept;
    if (record->last_class == class)
        record->failures = 0;
    record->changed = true;
    return true;
}

int state_note_master_use(struct state *state, int64_t now)
{
    size_t old = 0, count = state->master_use_count;
    while (old < count && state->master_uses[old] <= now - 86400)
        old++;
    int64_t *uses = calloc(count - old + 1, sizeof *uses);
    if (!uses)
        return -ENOMEM;
    if (count > old)
        memcpy(uses, state->master_uses + old, (count - old) * sizeof *uses);
    uses[count - old] = now;
    free(state->master_uses);
    state->master_uses = uses;
    state->master_use_count = count - old + 1;
    return 0;
}

int64_t state_master_uses_since(const struct state *state, int64_t since)
{
    int64_t uses = 0;
    for (size_t i = 0; i < state->master_use_count; i++)
        uses += state->master_uses[i] > since;
    return uses;
}

static struct usage usage_of(const struct record *record)
{
    struct usage usage = {.count = record->window_count};
    if (record->window_count > 0)
        memcpy(usage.windows, record->windows, record->window_count * sizeof *record->windows);
    return usage;
}

static bool is_known(const struct record *record, const struct usage *usage)
{
    bool same = usage->count == record->window_count;
    for (size_t i = 0; same && i < usage->count; i++) {
        const struct usage_window *a = &usage->windows[i], *b = &record->windows[i];
        same = strcmp(a->name, b->name) == 0 && a->used == b->used && a->reset == b->reset &&
               a->status == b->status;
    }
    return same;
}

int record_note_usage(struct record *record, const struct usage *usage, int64_t now)
{
    size_t size = usage->count * sizeof *usage->windows;
    if (usage->count == 0 || is_known(record, usage))
        return 0;
    struct usage_window *windows = realloc(record->windows, size);
    if (!windows)
        return -ENOMEM;
    memcpy(windows, usage->windows, size);
    record->windows = windows;
    record->window_count = usage->count;
    record->windows_at = now;
    record->changed = true;
    return 1;
}

int record_fullest(const struct record *record, int64_t now)
{
    struct usage usage = record ? usage_of(record) : (struct usage){0};
    return usage_fullest(&usage, now);
}
