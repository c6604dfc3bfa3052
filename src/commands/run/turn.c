#include "commands/run/turn.h"

#include "core/state/queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define UNDERSIZED_WARNING_SECONDS 3600

void turn_start_over(struct session *session)
{
    struct rotation *rotation = &session->pool.rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        rotation->candidates[i].tried = false;
    for (size_t i = 0; i < session->slot_count; i++) {
        /* Used once whatever was known of it; what this run learned of it since is waited for. */
        session->slots[i].demand.pinned_may_rest |= session->slots[i].attempts > 0;
        session->slots[i].attempts = 0;
    }
    session->master_tried = false;
}

static struct record *record_for(struct state *state, const struct turn *turn)
{
    const struct key *key = turn->used->key;
    bool shared = turn->finding->scope == SCOPE_ORGANIZATION && key->organization;
    return shared ? state_touch(&state->organizations, key->organization)
                  : state_touch(&state->keys, turn->used->id);
}

/* 0 or -ENOMEM. */
static int move_cursor(struct state *state, const struct turn *turn)
{
    struct pool_place place;
    const char *kind = slot_cursor_name(turn->slot);
    if (strcmp(state_cursor(state, kind), turn->used->id) != 0)
        return 0;
    int r = state_pool(state, kind, &place);
    if (r == 0)
        snprintf(place.cursor, IDENTITY_TEXT, "%s",
                 rotation_next(&turn->session->pool.rotation, turn->used));
    return r;
}

static void note_failure(struct state *state, struct turn *turn)
{
    struct record *record = state_touch(&state->keys, turn->used->id);
    if (!record)
        return;
    record->failures++;
    record->last_failed = turn->now;
    record->last_class = turn->finding->class;
    turn->slot->failures = record->failures;
    turn->slot->last_failed = record->last_failed;
    turn->failed |= move_cursor(state, turn) < 0;
}

bool turn_record_finding(struct state *state, struct turn *turn)
{
    /* When the provider said it ends was reckoned by our clock, not the store's. */
    int64_t seconds = policy_cooldown(&turn->session->pool.policy, turn->finding, time(NULL));
    turn->until = turn->now + seconds;
    note_failure(state, turn);
    struct record *record = record_for(state, turn);
    turn->failed |= !record || record_cool(record, turn->finding, seconds, turn->now) < 0;
    return true;
}

/* Success writes only what it changes: most runs leave the file alone here, and their lease dies
 * with them. A failure that another run met on the key meanwhile is newer than this success, which
 * began before it. */
static bool record_success(struct state *state, const struct turn *turn)
{
    const struct slot *slot = turn->slot;
    const struct record *known = state_find(&state->keys, turn->used->id);
    if (!known || (known->failures == 0 && known->cooldown_count == 0) ||
        known->failures != slot->failures || known->last_failed != slot->last_failed)
        return false;
    struct record *record = state_touch(&state->keys, turn->used->id);
    if (record)
        record_reset(record);
    return record != NULL;
}

/* What one slot finds: a key, nothing, or keys that other runs have. */
struct pick {
    struct slot *slot;
    struct candidate *chosen;
    bool is_master, another_left, busy;
    struct crowd crowd;
};

static bool master_allowed(const struct turn *turn)
{
    return !turn->session->master_tried &&
           !(turn->finding && failure_is_transient(turn->finding->class));
}

static struct crowd count_crowd(const struct rotation *rotation)
{
    struct crowd crowd = {.runs = rotation_runs(rotation) + 1,
                          .keys = rotation_ready(rotation) + rotation_busy(rotation)};
    if (crowd.runs > 1)
        crowd.capacity = rotation_capacity(rotation);
    return crowd;
}

static struct pick find(const struct state *state, struct turn *turn, struct slot *slot)
{
    struct session *session = turn->session;
    struct rotation *rotation = &session->pool.rotation;
    struct pick pick = {.slot = slot};
    int left = session->pool.policy.retries - slot->attempts;
    turn->failed |= rotation_survey(rotation, state, &slot->demand, turn->now) < 0;
    if (turn->failed)
        return pick;
    pick.crowd = count_crowd(rotation);
    if (left > 0) {
        pick.chosen = rotation_choose(rotation, state_cursor(state, slot_cursor_name(slot)));
        pick.busy = !pick.chosen && rotation_busy(rotation) > 0;
    }
    struct candidate *master =
        !pick.busy && master_allowed(turn) ? rotation_master(rotation) : NULL;
    pick.is_master = !pick.chosen && master;
    if (pick.is_master)
        pick.chosen = master;
    pick.another_left = !pick.is_master && ((left > 1 && pick.crowd.keys > 1) || master);
    return pick;
}

/* What all slots find together, and whether it is this run's turn to have it. */
struct picks {
    struct pick list[ASKED_MOST];
    size_t count;
    bool lacking; /* the last one found nothing */
    char queue[QUEUE_TEXT];
    size_t places; /* runs that could have keys now */
};

static void find_all(const struct state *state, struct turn *turn, struct picks *picks)
{
    struct session *session = turn->session;
    for (size_t i = 0; i < session->slot_count && !turn->failed && !picks->lacking; i++) {
        struct slot *slot = &session->slots[i];
        if (slot->candidate)
            continue;
        struct pick *pick = &picks->list[picks->count++];
        *pick = find(state, turn, slot);
        picks->lacking = !pick->chosen && !pick->busy;
        turn->busy |= pick->busy;
        if (!pick->chosen && (!turn->slot || turn->slot->candidate || picks->lacking))
            turn->slot = slot;
        if (slot->demand.max_per_key == 0 || pick->is_master)
            continue;
        size_t places = queue_places(&session->pool.rotation, slot->demand.max_per_key);
        picks->places = places < picks->places ? places : picks->places;
        queue_add_keys(picks->queue, &session->pool.rotation, slot->demand.model);
    }
}

/* 0 or -ENOMEM. */
static int take(struct state *state, struct turn *turn, const struct pick *pick)
{
    struct slot *slot = pick->slot;
    struct candidate *chosen = pick->chosen;
    struct pool_place place;
    struct record *record = state_touch(&state->keys, chosen->id);
    int r = record ? state_pool(state, slot_cursor_name(slot), &place) : -ENOMEM;
    if (r == 0 && pick->is_master)
        r = state_note_master_use(state, turn->now);
    if (r < 0)
        return r;
    snprintf(record->name, sizeof record->name, "%s", chosen->key->name);
    record->last_used = turn->now;
    record->runs++;
    slot->candidate = chosen;
    slot->is_master = pick->is_master;
    slot->another_left = pick->another_left;
    slot->is_new = true;
    slot->failures = record->failures;
    slot->last_failed = record->last_failed;
    if (pick->is_master)
        return 0;
    memcpy(place.cursor, chosen->id, IDENTITY_TEXT);
    const struct crowd *crowd = &pick->crowd;
    if (crowd->capacity > 0 && crowd->runs > crowd->capacity && !turn->crowd.to_be_said &&
        turn->now - *place.warned_undersized >= UNDERSIZED_WARNING_SECONDS) {
        *place.warned_undersized = turn->now;
        turn->crowd = *crowd;
        turn->crowd.to_be_said = true;
    }
    return 0;
}

static int add_leases(struct state *state, const struct turn *turn)
{
    const struct session *session = turn->session;
    struct lease lease = {.owner = session->owner, .since = turn->now};
    int r = 0;
    for (size_t i = 0; i < session->slot_count && r == 0; i++) {
        if (!session->slots[i].candidate)
            continue;
        memcpy(lease.key, session->slots[i].candidate->id, sizeof lease.key);
        r = state_add_lease(state, &lease);
    }
    return r;
}

/* This run's own leases, aside: they must not count while it looks for another key. */
struct own_leases {
    struct lease list[ASKED_MOST + 1];
    size_t count;
};

static void set_aside(struct state *state, const struct owner *owner, struct own_leases *own)
{
    for (size_t i = 0; i < state->lease_count; i++)
        if (owner_equal(&state->leases[i].owner, owner) && own->count <= ASKED_MOST)
            own->list[own->count++] = state->leases[i];
    state_drop_leases(state, owner);
}

static bool put_back(struct state *state, struct turn *turn, const struct own_leases *own)
{
    for (size_t i = 0; i < own->count; i++)
        turn->failed |= state_add_lease(state, &own->list[i]) < 0;
    return false;
}

/* Nothing was found. A run that waits for it holds no key meanwhile: two that need keys of two
 * kinds would else wait for each other. True if that is to be written. */
static bool stand_back(struct state *state, struct turn *turn, const struct picks *picks,
                       const struct own_leases *own, int64_t ticket)
{
    bool queues = turn->session->pool.policy.max_per_key > 0 && *picks->queue;
    if (!turn->waits)
        return put_back(state, turn, own);
    if (!queues)
        return own->count > 0;
    if (own->count == 1 && ticket > 0 && strcmp(own->list[0].queue, picks->queue) == 0)
        return put_back(state, turn, own);
    turn->failed |= queue_stand(state, picks->queue, ticket, &turn->session->owner, turn->now) < 0;
    return true;
}

static bool choose(struct state *state, struct turn *turn)
{
    struct session *session = turn->session;
    struct picks picks = {.places = SIZE_MAX};
    struct own_leases own = {0};
    int64_t ticket = queue_ticket(state, &session->owner);
    set_aside(state, &session->owner, &own);
    find_all(state, turn, &picks);
    if (turn->failed)
        return put_back(state, turn, &own);
    turn->ahead = *picks.queue ? queue_ahead(state, picks.queue, ticket) : 0;
    turn->busy = !picks.lacking && (turn->busy || turn->ahead >= picks.places);
    if (picks.lacking || turn->busy)
        return stand_back(state, turn, &picks, &own, ticket);
    for (size_t i = 0; i < picks.count; i++)
        turn->failed |= take(state, turn, &picks.list[i]) < 0;
    turn->failed |= add_leases(state, turn) < 0;
    if (!turn->slot)
        turn->slot = session_lead(session);
    turn->chosen = turn->slot->candidate;
    turn->is_master = turn->slot->is_master;
    return true;
}

/* All that a change leaves in the turn and the slots is set here first, so that it may be made
 * again on another state: there the key that was used may have another identity, too. */
static void begin(const struct state *state, int64_t now, struct turn *turn)
{
    struct session *session = turn->session;
    turn->now = now;
    turn->slot = turn->about;
    turn->chosen = NULL;
    turn->is_master = turn->busy = turn->failed = false;
    turn->ahead = 0;
    turn->until = 0;
    turn->crowd = (struct crowd){0};
    for (size_t i = 0; i < session->slot_count; i++)
        if (turn->open & (1u << i))
            session->slots[i].candidate = NULL;
    if (turn->used && identity_of(turn->used->key, state->salt, turn->used->id) < 0)
        turn->failed = true;
}

static bool change(struct state *state, int64_t now, void *context)
{
    struct turn *turn = context;
    bool changed = false;
    begin(state, now, turn);
    if (turn->used)
        turn->used->tried = true;
    if (turn->used && turn->finding)
        changed |= turn_record_finding(state, turn);
    if (turn->used && turn->succeeded)
        changed |= record_success(state, turn);
    if (turn->choose)
        changed |= choose(state, turn);
    return changed;
}

void turn_take(struct turn *turn)
{
    struct session *session = turn->session;
    turn->about = turn->slot;
    for (size_t i = 0; turn->choose && i < session->slot_count; i++)
        if (!session->slots[i].candidate || (turn->used && turn->slot == &session->slots[i]))
            turn->open |= 1u << i;
    if (store_update(session->pool.store, change, turn) < 0)
        turn->failed = true;
}
