#include "core/state/choice.h"

#include "base/text.h"
#include "core/state/choice_parts.h"
#include "core/state/queue.h"

#include <string.h>

#define UNDERSIZED_WARNING_SECONDS 3600

/* ---- looking for keys ---- */

/* What one slot finds: a key, nothing, or keys that other runs have. */
struct pick {
    struct slot *slot;
    struct candidate *chosen;
    bool is_master, another_left, busy;
    struct crowd crowd;
};

static bool master_allowed(const struct choice *choice)
{
    return !choice->no_master && !(choice->finding && failure_is_transient(choice->finding->class));
}

static struct crowd count_crowd(const struct choice *choice)
{
    const struct rotation *rotation = choice->rotation;
    struct crowd crowd = {.keys = rotation_ready(rotation) + rotation_busy(rotation)};
    if (choice->many)
        return crowd;
    crowd.runs = rotation_runs(rotation) + 1;
    if (crowd.runs > 1)
        crowd.capacity = rotation_capacity(rotation);
    return crowd;
}

static struct candidate *choose_pool_key(const struct choice *choice, const struct state *state,
                                         const struct slot *slot)
{
    const struct candidate *master = &choice->rotation->candidates[choice->rotation->count];
    if (slot->prefers && slot->prefers != master && slot->prefers->standing == STANDING_READY)
        return slot->prefers;
    return rotation_choose(choice->rotation, state_cursor(state, slot->pool));
}

static struct pick find(struct choice *choice, const struct state *state, struct slot *slot)
{
    struct rotation *rotation = choice->rotation;
    struct pick pick = {.slot = slot};
    int left = choice->policy->retries - slot->attempts;
    choice->failed |= rotation_survey(rotation, state, &slot->demand, choice->now) < 0;
    if (choice->failed)
        return pick;
    pick.crowd = count_crowd(choice);
    if (left > 0) {
        pick.chosen = choose_pool_key(choice, state, slot);
        pick.busy = !pick.chosen && rotation_busy(rotation) > 0;
    }
    struct candidate *master =
        !pick.busy && master_allowed(choice) ? rotation_master(rotation) : NULL;
    pick.is_master = !pick.chosen && master;
    if (pick.is_master)
        pick.chosen = master;
    pick.another_left = !pick.is_master && ((left > 1 && pick.crowd.keys > 1) || master);
    return pick;
}

/* What all slots find together, and whether it is this owner's turn to have it. */
struct picks {
    struct pick list[CHOICE_SLOTS];
    size_t count;
    bool lacking; /* the last one found nothing */
    char queue[QUEUE_TEXT];
    size_t places; /* runs that could have keys now */
};

static void find_all(struct choice *choice, const struct state *state, struct picks *picks)
{
    for (size_t i = 0; i < choice->slot_count && !choice->failed && !picks->lacking; i++) {
        struct slot *slot = &choice->slots[i];
        if (slot->candidate)
            continue;
        struct pick *pick = &picks->list[picks->count++];
        *pick = find(choice, state, slot);
        picks->lacking = !pick->chosen && !pick->busy;
        choice->busy |= pick->busy;
        if (!pick->chosen && (!choice->slot || choice->slot->candidate || picks->lacking))
            choice->slot = slot;
        if (slot->demand.max_per_key == 0 || pick->is_master || choice->many)
            continue;
        size_t places = queue_places(choice->rotation, slot->demand.max_per_key);
        picks->places = places < picks->places ? places : picks->places;
        queue_add_keys(picks->queue, choice->rotation, slot->demand.model);
    }
}

/* ---- taking them ---- */

static void note_crowd(struct choice *choice, struct state *state, const struct pick *pick)
{
    const struct crowd *crowd = &pick->crowd;
    if (crowd->capacity == 0 || crowd->runs <= crowd->capacity || choice->crowd.to_be_said ||
        choice->now - state_warned_undersized(state, pick->slot->pool) < UNDERSIZED_WARNING_SECONDS)
        return;
    struct entry entry = choice_entry(ENTRY_CROWDED, "", choice->now);
    choice_name_pool(&entry, pick->slot->pool);
    (void)choice_enter(choice, state, &entry);
    choice->crowd = *crowd;
    choice->crowd.to_be_said = true;
}

static void note_use(struct choice *choice, struct state *state, const struct pick *pick)
{
    const struct candidate *chosen = pick->chosen;
    struct entry use = choice_entry(ENTRY_USE, chosen->id, choice->now);
    use.count = 1;
    text_copy(use.name, sizeof use.name, chosen->key->name);
    (void)choice_enter(choice, state, &use);
    if (pick->is_master) {
        const struct entry master = choice_entry(ENTRY_MASTER, chosen->id, choice->now);
        (void)choice_enter(choice, state, &master);
        return;
    }
    if (chosen != pick->slot->prefers) {
        struct entry cursor = choice_entry(ENTRY_CURSOR, chosen->id, choice->now);
        choice_name_pool(&cursor, pick->slot->pool);
        (void)choice_enter(choice, state, &cursor);
    }
    note_crowd(choice, state, pick);
}

static void take(struct choice *choice, struct state *state, const struct pick *pick)
{
    struct slot *slot = pick->slot;
    note_use(choice, state, pick);
    const struct record *record = state_find(&state->keys, pick->chosen->id);
    slot->candidate = pick->chosen;
    slot->is_master = pick->is_master;
    slot->another_left = pick->another_left;
    slot->is_new = true;
    slot->failures = record ? record->failures : 0;
    slot->last_failed = record ? record->last_failed : 0;
}

static void add_leases(struct choice *choice, struct state *state)
{
    for (size_t i = 0; i < choice->slot_count; i++) {
        const struct slot *slot = &choice->slots[i];
        if (slot->candidate)
            choice->failed |=
                state_lease(state, &choice->owner, slot->candidate->id, choice->now) < 0;
    }
}

static bool take_all(struct choice *choice, struct state *state, const struct picks *picks)
{
    for (size_t i = 0; i < picks->count; i++)
        take(choice, state, &picks->list[i]);
    add_leases(choice, state);
    choice->chosen = choice->slot->candidate;
    choice->is_master = choice->slot->is_master;
    return true;
}

/* ---- the leases of a run ---- */

/* Sets its own leases aside: they must not count while it looks for another key. */
struct own_leases {
    struct lease list[CHOICE_SLOTS + 1];
    size_t count;
};

static void set_aside(struct state *state, const struct owner *owner, struct own_leases *own)
{
    for (size_t i = 0; i < state->lease_count; i++)
        if (owner_equal(&state->leases[i].owner, owner) && own->count <= CHOICE_SLOTS)
            own->list[own->count++] = state->leases[i];
    state_drop_leases(state, owner);
}

static bool put_back(struct choice *choice, struct state *state, const struct own_leases *own)
{
    for (size_t i = 0; i < own->count; i++)
        choice->failed |= state_add_lease(state, &own->list[i]) < 0;
    return false;
}

/* Nothing was found. A run that waits for it holds no key meanwhile: otherwise two that need keys
 * of two kinds would wait for each other. True if that has to be written. */
static bool stand_back(struct choice *choice, struct state *state, const struct picks *picks,
                       const struct own_leases *own, int64_t ticket)
{
    bool queues = choice->policy->max_per_key > 0 && *picks->queue;
    if (!choice->waits)
        return put_back(choice, state, own);
    if (!queues)
        return own->count > 0;
    if (own->count == 1 && ticket > 0 && strcmp(own->list[0].queue, picks->queue) == 0)
        return put_back(choice, state, own);
    choice->failed |= queue_stand(state, picks->queue, ticket, &choice->owner, choice->now) < 0;
    return true;
}

static bool choose(struct choice *choice, struct state *state)
{
    struct picks picks = {.places = SIZE_MAX};
    struct own_leases own = {0};
    int64_t ticket = queue_ticket(state, &choice->owner);
    set_aside(state, &choice->owner, &own);
    find_all(choice, state, &picks);
    if (choice->failed)
        return put_back(choice, state, &own);
    choice->ahead = *picks.queue ? queue_ahead(state, picks.queue, ticket) : 0;
    choice->busy = !picks.lacking && (choice->busy || choice->ahead >= picks.places);
    if (picks.lacking || choice->busy)
        return stand_back(choice, state, &picks, &own, ticket);
    if (!choice->slot)
        choice->slot = choice->lead ? choice->lead : &choice->slots[0];
    return take_all(choice, state, &picks);
}

/* ---- one of many ---- */

bool choice_give_back(struct slot *slot, struct state *state, const struct owner *owner)
{
    bool held = slot->candidate && state_end_lease(state, owner, slot->candidate->id);
    slot->candidate = NULL;
    return held;
}

/* What it holds is given back first, so that it does not count while it looks. */
static bool choose_one_of_many(struct choice *choice, struct state *state)
{
    struct picks picks = {0};
    struct slot *slot = choice->slot = &choice->slots[0];
    bool changed = choice_give_back(slot, state, &choice->owner);
    find_all(choice, state, &picks);
    if (choice->failed || picks.lacking || choice->busy)
        return changed;
    return take_all(choice, state, &picks);
}

static void mark_tried(struct choice *choice)
{
    struct rotation *rotation = choice->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        rotation->candidates[i].tried = false;
    for (size_t i = 0; i < choice->tried_count; i++)
        choice->tried[i]->tried = true;
}

/* ---- all of it ---- */

void choice_begin(struct choice *choice)
{
    choice->about = choice->slot;
    choice->open = 0;
    for (size_t i = 0; choice->choose && !choice->many && i < choice->slot_count; i++)
        if (!choice->slots[i].candidate || (choice->used && choice->slot == &choice->slots[i]))
            choice->open |= 1u << i;
}

/* All that a change leaves in the choice and the slots is set here first. On another state the key
 * that was used may have another identity, too. */
static void clear(struct choice *choice, const struct state *state, int64_t now, int64_t clock)
{
    choice->now = now;
    choice->clock = clock;
    choice->slot = choice->about;
    choice->chosen = NULL;
    choice->is_master = choice->busy = choice->failed = false;
    choice->ahead = 0;
    choice->until = 0;
    choice->ended = false;
    choice->crowd = (struct crowd){0};
    for (size_t i = 0; i < choice->slot_count; i++)
        if (choice->open & (1u << i))
            choice->slots[i].candidate = NULL;
    if (choice->used && rotation_identify(choice->rotation, choice->used, state->salt) < 0)
        choice->failed = true;
}

bool choice_make(struct choice *choice, struct state *state, int64_t now, int64_t clock)
{
    bool changed = false;
    clear(choice, state, now, clock);
    if (choice->many)
        mark_tried(choice);
    if (choice->used)
        choice->used->tried = true;
    if (choice->used && choice->finding) {
        choice_note_failure(choice, state);
        changed = true;
    }
    if (choice->used && choice->succeeded)
        changed |= choice_note_success(choice, state);
    if (choice->choose)
        changed |= choice->many ? choose_one_of_many(choice, state) : choose(choice, state);
    return changed;
}
