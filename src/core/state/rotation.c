#include "core/state/rotation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rotation_init(struct rotation *rotation, struct keyring *keyring)
{
    *rotation = (struct rotation){.count = keyring->count, .has_master = keyring->has_master};
    rotation->candidates = calloc(keyring->count + 1, sizeof *rotation->candidates);
    rotation->by_id = calloc(keyring->count + 1, sizeof(struct candidate *));
    if (!rotation->candidates || !rotation->by_id) {
        rotation_finish(rotation);
        return -ENOMEM;
    }
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        rotation->candidates[i].key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        rotation->by_id[i] = &rotation->candidates[i];
    }
    return 0;
}

void rotation_finish(struct rotation *rotation)
{
    free(rotation->candidates);
    free(rotation->by_id);
    *rotation = (struct rotation){0};
}

static const struct cooldown *cooling_of(const struct state *state, const struct record *known,
                                         const struct candidate *candidate, const char *model,
                                         int64_t now)
{
    const struct cooldown *own = record_cooling(known, model, now);
    const char *organization = candidate->key->organization;
    if (!organization)
        return own;
    const struct cooldown *shared =
        record_cooling(state_find(&state->organizations, organization), model, now);
    return !own || (shared && shared->until > own->until) ? shared : own;
}

static enum standing standing_of(struct candidate *candidate, bool is_master,
                                 const struct state *state, const struct record *known,
                                 const struct demand *demand, int64_t now)
{
    const struct key *key = candidate->key;
    candidate->cooling = NULL;
    if (demand->pinned && strcmp(demand->pinned, key->name) != 0)
        return STANDING_NOT_PINNED;
    if (key->left_out)
        return STANDING_LEFT_OUT;
    if (key->disabled)
        return STANDING_DISABLED;
    if (key->kind_known && demand->can_use && !demand->can_use(&key->kind, demand->can_use_context))
        return STANDING_WRONG_KIND;
    if (is_master && key->at_most > 0 &&
        state_master_uses_since(state, now - key->at_most_period) >= key->at_most)
        return STANDING_SPENT;
    candidate->cooling = cooling_of(state, known, candidate, demand->model, now);
    if (candidate->tried)
        return STANDING_TRIED;
    if (candidate->cooling && (!demand->pinned || demand->pinned_may_rest))
        return STANDING_COOLING;
    bool busy = !is_master && demand->max_per_key > 0 && candidate->leases >= demand->max_per_key;
    return busy ? STANDING_BUSY : STANDING_READY;
}

static int compare_ids(const void *left, const void *right)
{
    return strcmp((*(struct candidate *const *)left)->id, (*(struct candidate *const *)right)->id);
}

static int compare_id(const void *id, const void *candidate)
{
    return strcmp(id, (*(struct candidate *const *)candidate)->id);
}

/* Goes through the leases, so that a hundred of them on ten thousand keys are cheap to count. A
 * token that two keys share counts for both. */
static void count_leases(struct rotation *rotation, const struct state *state)
{
    size_t count = rotation->count + rotation->has_master;
    struct candidate **end = rotation->by_id + count;
    for (size_t i = 0; i < count; i++)
        rotation->candidates[i].leases = 0;
    for (size_t i = 0; i < state->lease_count; i++) {
        const struct lease *lease = &state->leases[i];
        struct candidate **found =
            bsearch(lease->key, rotation->by_id, count, sizeof *found, compare_id);
        while (found && found > rotation->by_id && strcmp(found[-1]->id, lease->key) == 0)
            found--;
        for (; found && found < end && strcmp((*found)->id, lease->key) == 0; found++)
            (*found)->leases += (size_t)lease->count;
    }
}

static int compare_leases(const void *left, const void *right)
{
    return strcmp(((const struct lease *)left)->key, ((const struct lease *)right)->key);
}

static int compare_key(const void *id, const void *lease)
{
    return strcmp(id, ((const struct lease *)lease)->key);
}

/* The same through the candidates, for callers that look only once: sorting those costs more.
 * Returns 0 or -ENOMEM. */
static int count_leases_unsorted(struct rotation *rotation, const struct state *state)
{
    size_t count = state->lease_count;
    struct lease *leases = calloc(count + 1, sizeof *leases);
    if (!leases)
        return -ENOMEM;
    if (count > 0) {
        memcpy(leases, state->leases, count * sizeof *leases);
        qsort(leases, count, sizeof *leases, compare_leases);
    }
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        struct candidate *candidate = &rotation->candidates[i];
        const struct lease *found =
            bsearch(candidate->id, leases, count, sizeof *leases, compare_key);
        candidate->leases = 0;
        while (found && found > leases && strcmp(found[-1].key, candidate->id) == 0)
            found--;
        for (; found && found < leases + count && strcmp(found->key, candidate->id) == 0; found++)
            candidate->leases += (size_t)found->count;
    }
    free(leases);
    return 0;
}

/* An identity is a hash, which is not computed twice for one salt. A caller that looks a second
 * time will look often: then all are sorted. */
static int identify_all(struct rotation *rotation, const char *text)
{
    struct identity_salt salt;
    size_t count = rotation->count + rotation->has_master;
    if (strcmp(rotation->salt, text) == 0) {
        if (!rotation->is_sorted)
            qsort(rotation->by_id, count, sizeof *rotation->by_id, compare_ids);
        rotation->is_sorted = true;
        return 0;
    }
    int r = identity_begin(&salt, text);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        identity_with(&salt, rotation->candidates[i].key, rotation->candidates[i].id);
    memcpy(rotation->salt, text, sizeof rotation->salt);
    rotation->is_sorted = false;
    return 0;
}

int rotation_identify(struct rotation *rotation, struct candidate *candidate, const char *salt)
{
    if (strcmp(rotation->salt, salt) == 0)
        return 0;
    *rotation->salt = '\0';
    return identity_of(candidate->key, salt, candidate->id);
}

/* The records are sorted by the same, so that each is met on the way. */
static const struct record *meet(const struct record_table *table, size_t *next, const char *id)
{
    int order = 1;
    while (*next < table->count && (order = strcmp(table->records[*next].id, id)) < 0)
        ++*next;
    return *next < table->count && order == 0 ? &table->records[*next] : NULL;
}

int rotation_survey(struct rotation *rotation, const struct state *state,
                    const struct demand *demand, int64_t now)
{
    size_t next = 0;
    int r = identify_all(rotation, state->salt);
    if (r == 0 && !rotation->is_sorted)
        r = count_leases_unsorted(rotation, state);
    else if (r == 0)
        count_leases(rotation, state);
    for (size_t i = 0; r == 0 && i < rotation->count + rotation->has_master; i++) {
        struct candidate *candidate = rotation->by_id[i];
        const struct record *known = rotation->is_sorted ? meet(&state->keys, &next, candidate->id)
                                                         : state_find(&state->keys, candidate->id);
        bool is_master = candidate == &rotation->candidates[rotation->count];
        candidate->had_trouble = known && (known->failures > 0 || known->cooldown_count > 0);
        candidate->ended = key_end(candidate->key) > 0 && key_end(candidate->key) <= now;
        candidate->standing = standing_of(candidate, is_master, state, known, demand, now);
    }
    return r;
}

static size_t index_of(const struct rotation *rotation, const char *id)
{
    for (size_t i = 0; i < rotation->count; i++)
        if (strcmp(rotation->candidates[i].id, id) == 0)
            return i;
    return 0;
}

static bool is_better(const struct candidate *candidate, const struct candidate *best)
{
    if (candidate->ended != best->ended)
        return best->ended;
    if (candidate->nearly_used != best->nearly_used)
        return best->nearly_used;
    if (candidate->key->priority != best->key->priority)
        return candidate->key->priority < best->key->priority;
    return candidate->leases < best->leases;
}

struct candidate *rotation_choose(struct rotation *rotation, const char *cursor)
{
    struct candidate *best = NULL;
    size_t first = index_of(rotation, cursor);
    for (size_t i = 0; i < rotation->count; i++) {
        struct candidate *candidate = &rotation->candidates[(first + i) % rotation->count];
        if (candidate->standing == STANDING_READY && (!best || is_better(candidate, best)))
            best = candidate;
    }
    return best;
}

struct candidate *rotation_master(struct rotation *rotation)
{
    struct candidate *master = &rotation->candidates[rotation->count];
    return rotation->has_master && master->standing == STANDING_READY ? master : NULL;
}

const char *rotation_next(const struct rotation *rotation, const struct candidate *candidate)
{
    size_t i = (size_t)(candidate - rotation->candidates);
    return rotation->candidates[i + 1 < rotation->count ? i + 1 : 0].id;
}

static size_t count_standing(const struct rotation *rotation, enum standing standing)
{
    size_t count = 0;
    for (size_t i = 0; i < rotation->count; i++)
        count += rotation->candidates[i].standing == standing;
    return count;
}

size_t rotation_ready(const struct rotation *rotation)
{
    return count_standing(rotation, STANDING_READY);
}

size_t rotation_busy(const struct rotation *rotation)
{
    return count_standing(rotation, STANDING_BUSY);
}

static bool is_usable(const struct candidate *candidate)
{
    return candidate->standing == STANDING_READY || candidate->standing == STANDING_BUSY;
}

size_t rotation_runs(const struct rotation *rotation)
{
    size_t runs = 0;
    for (size_t i = 0; i < rotation->count; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (is_usable(candidate) || candidate->standing == STANDING_COOLING ||
            candidate->standing == STANDING_TRIED)
            runs += candidate->leases;
    }
    return runs;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

size_t rotation_capacity(const struct rotation *rotation)
{
    size_t capacity = 0, named = 0;
    const char **names = calloc(rotation->count + 1, sizeof *names);
    for (size_t i = 0; names && i < rotation->count; i++) {
        const struct key *key = rotation->candidates[i].key;
        bool account = kind_is_subscription(&key->kind);
        if (!is_usable(&rotation->candidates[i]))
            continue;
        if (!account && key->organization)
            names[named++] = key->organization;
        else
            capacity++;
    }
    if (named > 0)
        qsort(names, named, sizeof *names, compare_names);
    for (size_t i = 0; i < named; i++)
        capacity += i == 0 || strcmp(names[i - 1], names[i]) != 0;
    free(names);
    return capacity;
}

int64_t rotation_earliest(const struct rotation *rotation)
{
    int64_t earliest = 0;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct cooldown *cooling = rotation->candidates[i].cooling;
        if (cooling && (earliest == 0 || cooling->until < earliest))
            earliest = cooling->until;
    }
    return earliest;
}

/* For JSON and sentences, and for people who count. */
static const struct {
    const char *name, *word;
} standings[] = {
    [STANDING_READY] = {"ready", "ready"},
    [STANDING_COOLING] = {"cooling", "resting"},
    [STANDING_DISABLED] = {"disabled", "disabled"},
    [STANDING_LEFT_OUT] = {"left out", "left out"},
    [STANDING_NOT_PINNED] = {"not asked for", "not asked for"},
    [STANDING_WRONG_KIND] = {"of a kind this command cannot use", "of another kind"},
    [STANDING_TRIED] = {"tried in this run", "tried"},
    [STANDING_SPENT] = {"used as often as at_most allows", "used up"},
    [STANDING_BUSY] = {"in use by as many runs as --max-per-key allows", "in use"},
};

const char *standing_name(enum standing standing)
{
    return standings[standing].name;
}

const char *standing_word(enum standing standing)
{
    return standings[standing].word;
}
