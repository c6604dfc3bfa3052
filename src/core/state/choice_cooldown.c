#include "base/text.h"
#include "core/state/choice.h"
#include "core/state/choice_parts.h"

#include <errno.h>
#include <string.h>

bool choice_enter(struct choice *choice, struct state *state, const struct entry *entry)
{
    int r = entry_do(state, entry);
    if (r > 0 && choice->entries && entries_add(choice->entries, entry) < 0)
        r = -ENOMEM;
    choice->failed |= r < 0;
    return r > 0;
}

struct entry choice_entry(enum entry_kind kind, const char *id, int64_t at)
{
    struct entry entry = {.kind = kind, .at = at};
    text_copy(entry.id, sizeof entry.id, id);
    return entry;
}

void choice_name_pool(struct entry *entry, const char *pool)
{
    if (pool)
        text_copy(entry->pool, sizeof entry->pool, pool);
}

static void move_cursor(struct choice *choice, struct state *state, const char *pool)
{
    struct entry entry =
        choice_entry(ENTRY_CURSOR, rotation_next(choice->rotation, choice->used), choice->now);
    choice_name_pool(&entry, pool);
    memcpy(entry.from, choice->used->id, sizeof entry.from);
    (void)choice_enter(choice, state, &entry);
}

static void rest(struct choice *choice, struct state *state, int64_t seconds)
{
    const struct finding *finding = choice->finding;
    const struct key *key = choice->used->key;
    bool shared = finding->scope == SCOPE_ORGANIZATION && key->organization;
    struct entry entry =
        choice_entry(ENTRY_REST, shared ? key->organization : choice->used->id, choice->now);
    entry.of_organization = shared;
    entry.rest = cooldown_of(finding, seconds, choice->now);
    (void)choice_enter(choice, state, &entry);
}

void choice_record_failure(struct choice *choice, struct state *state, const char *pool,
                           int64_t now, int64_t clock)
{
    int64_t seconds = policy_cooldown(choice->policy, choice->finding, clock);
    struct entry failure = choice_entry(ENTRY_FAILURE, choice->used->id, now);
    failure.rest.class = choice->finding->class;
    choice->now = now;
    choice->until = now + seconds;
    (void)choice_enter(choice, state, &failure);
    move_cursor(choice, state, pool);
    rest(choice, state, seconds);
}

void choice_note_failure(struct choice *choice, struct state *state)
{
    choice_record_failure(choice, state, choice->slot->pool, choice->now, choice->clock);
    const struct record *record = state_find(&state->keys, choice->used->id);
    if (record) {
        choice->slot->failures = record->failures;
        choice->slot->last_failed = record->last_failed;
    }
}

static size_t rests_ahead(const struct choice *choice, const struct state *state)
{
    const struct record *record = state_find(&state->keys, choice->used->id);
    size_t count = 0;
    for (size_t i = 0; record && i < record->cooldown_count; i++)
        count += record->cooldowns[i].until > choice->now;
    return count;
}

/* Success writes only what it changes: most runs leave the state alone here, and their lease dies
 * with them. */
bool choice_note_success(struct choice *choice, struct state *state)
{
    struct entry entry = choice_entry(ENTRY_RECOVERY, choice->used->id, choice->now);
    const char *model = choice->slot->demand.model;
    size_t before = rests_ahead(choice, state);
    entry.failures = choice->slot->failures;
    entry.last_failed = choice->slot->last_failed;
    text_copy(entry.rest.model, sizeof entry.rest.model, model ? model : "");
    for (int class = 0; class < CLASS_COUNT; class ++) {
        const struct finding untold = {.class = (enum failure_class) class};
        entry.longest[class] =
            choice->unproven ? policy_cooldown(choice->policy, &untold, choice->clock) : INT64_MAX;
    }
    bool changed = choice_enter(choice, state, &entry);
    choice->ended = rests_ahead(choice, state) < before;
    return changed;
}
