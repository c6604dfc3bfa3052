#include "core/state/choice.h"

#include "core/pool/keyfile.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1795209600) /* 2026-11-20T21:20:00Z */

#define KEYS                                                                                       \
    "{\"version\":1,\"keys\":["                                                                    \
    "{\"name\":\"home\",\"token\":\"" OAUTH_1 "\"},{\"name\":\"work\",\"token\":\"" OAUTH_2        \
    "\"},{\"name\":\"team\",\"token\":\"" OAUTH_3 "\"}],"                                          \
    "\"master\":{\"name\":\"bill\",\"token\":\"" API_1 "\",\"at_most\":\"2/day\"}}"

static const struct finding limit = {
    .class = CLASS_LIMIT, .scope = SCOPE_KEY, .until = START + 3600, .what = "session limit"};
static const struct finding trouble = {.class = CLASS_SERVER, .scope = SCOPE_KEY};

struct place {
    struct keyring keyring;
    struct rotation rotation;
    struct policy policy;
    struct state state;
    struct entries entries;
};

static void open_place(struct place *place)
{
    struct keyring_report report = {0};
    *place = (struct place){.policy = policy_default()};
    if (keyfile_parse(KEYS, strlen(KEYS), &place->keyring, &report) != 0)
        fail_msg("%s", buffer_text(&report.errors));
    keyring_report_finish(&report);
    assert_int_equal(state_create(SALT, &place->state), 0);
    assert_int_equal(rotation_init(&place->rotation, &place->keyring), 0);
}

static void close_place(struct place *place)
{
    entries_finish(&place->entries);
    rotation_finish(&place->rotation);
    state_finish(&place->state);
    keyring_finish(&place->keyring);
}

/* A choice of the process `pid`, with this one slot. */
static struct choice choice_for(struct place *place, struct slot *slot, int64_t pid)
{
    return (struct choice){.policy = &place->policy,
                           .rotation = &place->rotation,
                           .slots = slot,
                           .slot_count = 1,
                           .owner = {.pid = pid},
                           .entries = &place->entries};
}

static const char *name_of(const struct candidate *candidate)
{
    return candidate ? candidate->key->name : "none";
}

/* One of a gateway's sessions looks for a key. */
static const char *look(struct place *place, struct slot *slot)
{
    struct choice choice = choice_for(place, slot, 9);
    choice.many = choice.choose = true;
    choice_begin(&choice);
    (void)choice_make(&choice, &place->state, START, START);
    assert_false(choice.failed);
    assert_ptr_equal(choice.chosen, slot->candidate);
    return name_of(choice.chosen);
}

/* What it held failed: it looks for another. */
static struct choice lose(struct place *place, struct slot *slot, const struct finding *finding,
                          struct candidate **tried, size_t tried_count)
{
    struct choice choice = choice_for(place, slot, 9);
    choice.many = choice.choose = true;
    choice.slot = slot;
    choice.used = slot->candidate;
    choice.finding = finding;
    choice.tried = tried;
    choice.tried_count = tried_count;
    choice_begin(&choice);
    assert_true(choice_make(&choice, &place->state, START, START));
    assert_false(choice.failed);
    return choice;
}

static int64_t leases_on(const struct place *place, const char *id)
{
    int64_t sum = 0;
    for (size_t i = 0; i < place->state.lease_count; i++)
        if (strcmp(place->state.leases[i].key, id) == 0)
            sum += place->state.leases[i].count;
    return sum;
}

/* Sessions spread as runs do, with one lease for each key, and runs of others count. */
static void test_many_spread(void **state)
{
    (void)state;
    struct place place;
    struct slot slots[7] = {0};
    open_place(&place);
    for (size_t i = 0; i < 6; i++)
        assert_string_not_equal(look(&place, &slots[i]), "none");
    assert_int_equal(place.state.lease_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(leases_on(&place, place.rotation.candidates[i].id), 2);
    const struct owner other = {.pid = 5};
    assert_int_equal(state_lease(&place.state, &other, place.rotation.candidates[0].id, START), 0);
    assert_int_equal(state_lease(&place.state, &other, place.rotation.candidates[1].id, START), 0);
    assert_string_equal(look(&place, &slots[6]), "team");
    for (size_t i = 0; i < 7; i++)
        assert_true(choice_give_back(&slots[i], &place.state, &(struct owner){.pid = 9}));
    assert_false(choice_give_back(&slots[0], &place.state, &(struct owner){.pid = 9}));
    assert_int_equal(place.state.lease_count, 2);
    close_place(&place);
}

/* A session stays where its cache is, though others have fewer, until that key rests. */
static void test_many_prefers(void **state)
{
    (void)state;
    struct place place;
    struct slot first = {0}, second = {0};
    open_place(&place);
    assert_string_equal(look(&place, &first), "home");
    assert_string_equal(look(&place, &second), "work");
    second.prefers = first.candidate;
    assert_string_equal(look(&place, &second), "home");
    assert_int_equal(leases_on(&place, first.candidate->id), 2);
    struct choice choice = lose(&place, &first, &limit, NULL, 0);
    assert_string_equal(name_of(choice.chosen), "work");
    assert_int_equal(choice.until, START + 3600);
    assert_string_not_equal(look(&place, &second), "home");
    second.prefers = &place.rotation.candidates[3]; /* the master: never while another is there */
    assert_string_not_equal(look(&place, &second), "bill");
    close_place(&place);
}

static void test_many_nearly_used(void **state)
{
    (void)state;
    struct place place;
    struct slot slot = {0};
    open_place(&place);
    place.rotation.candidates[0].nearly_used = place.rotation.candidates[2].nearly_used = true;
    assert_string_equal(look(&place, &slot), "work");
    place.rotation.candidates[1].nearly_used = true;
    assert_string_equal(look(&place, &slot), "work"); /* the cursor's */
    close_place(&place);
}

/* What one request tried another may still use. */
static void test_many_tried(void **state)
{
    (void)state;
    struct place place;
    struct slot slot = {0}, other = {0};
    struct candidate *tried[3];
    open_place(&place);
    place.policy.cooldown_all = 0;
    assert_string_equal(look(&place, &slot), "home");
    tried[0] = slot.candidate;
    assert_string_equal(name_of(lose(&place, &slot, &trouble, NULL, 0).chosen), "work");
    tried[1] = slot.candidate;
    assert_string_equal(name_of(lose(&place, &slot, &trouble, tried, 1).chosen), "team");
    /* Trouble is not the keys' fault: no master for it. */
    struct choice choice = lose(&place, &slot, &trouble, tried, 2);
    assert_string_equal(name_of(choice.chosen), "none");
    assert_int_equal(place.state.lease_count, 0);
    assert_string_not_equal(look(&place, &other), "none");
    close_place(&place);
}

/* The master counts at once, and ends at at_most. */
static void test_many_master(void **state)
{
    (void)state;
    struct place place;
    struct slot slots[5] = {0};
    open_place(&place);
    for (size_t i = 0; i < 3; i++) {
        assert_string_not_equal(look(&place, &slots[i]), "none");
        struct choice choice = choice_for(&place, &slots[i], 9);
        choice.many = true;
        choice.slot = &slots[i];
        choice.used = slots[i].candidate;
        choice.finding = &limit;
        choice_begin(&choice);
        assert_true(choice_make(&choice, &place.state, START, START));
    }
    assert_string_equal(look(&place, &slots[3]), "bill");
    assert_true(slots[3].is_master);
    assert_string_equal(look(&place, &slots[4]), "bill");
    assert_string_equal(look(&place, &slots[4]), "none");
    close_place(&place);
}

/* A run and a check record with the same words; the check has no slot. */
static void test_record_alone(void **state)
{
    (void)state;
    struct place place;
    const struct demand any = {0};
    open_place(&place);
    assert_int_equal(rotation_survey(&place.rotation, &place.state, &any, START), 0);
    struct choice choice = {.policy = &place.policy,
                            .rotation = &place.rotation,
                            .used = &place.rotation.candidates[0],
                            .finding = &limit};
    memcpy(place.state.cursor, place.rotation.candidates[0].id, IDENTITY_TEXT);
    choice_record_failure(&choice, &place.state, NULL, START + 100, START);
    assert_false(choice.failed);
    assert_int_equal(choice.until, START + 3700); /* by the state's clock */
    assert_string_equal(place.state.cursor, place.rotation.candidates[1].id);
    const struct record *record = state_find(&place.state.keys, place.rotation.candidates[0].id);
    assert_int_equal(record->failures, 1);
    assert_int_equal(record->cooldowns[0].until, START + 3700);
    close_place(&place);
}

/* Whatever was done to one state does the same to another, as a gateway's store gets it later. */
static void test_entries_do_the_same(void **state)
{
    (void)state;
    struct place place;
    struct state copy;
    struct slot slots[4] = {0};
    open_place(&place);
    assert_int_equal(state_create(SALT, &copy), 0);
    for (size_t i = 0; i < 4; i++)
        (void)look(&place, &slots[i]);
    (void)lose(&place, &slots[0], &limit, NULL, 0);
    const struct finding model = {
        .class = CLASS_LIMIT, .scope = SCOPE_MODEL, .model = "opus", .what = "Opus limit"};
    (void)lose(&place, &slots[1], &model, NULL, 0);
    struct choice choice = choice_for(&place, &slots[2], 9);
    (void)lose(&place, &slots[2], &trouble, NULL, 0);
    choice.many = choice.succeeded = true;
    choice.slot = &slots[1];
    choice.used = slots[1].candidate;
    choice_begin(&choice);
    (void)choice_make(&choice, &place.state, START + 5, START + 5);
    assert_int_equal(entries_do(&copy, &place.entries, 0), 1);
    for (size_t i = 0; i < 4; i++)
        (void)choice_give_back(&slots[i], &place.state, &choice.owner);
    char *ours = state_print(&place.state), *theirs = state_print(&copy);
    assert_string_equal(ours, theirs);
    free(ours);
    free(theirs);
    state_finish(&copy);
    close_place(&place);
}

static bool succeed(struct place *place, struct slot *slot, const char *model)
{
    struct choice choice = choice_for(place, slot, 9);
    slot->demand.model = model;
    choice.many = choice.succeeded = true;
    choice.slot = slot;
    choice.used = slot->candidate;
    choice_begin(&choice);
    return choice_make(&choice, &place->state, START + 5, START + 5);
}

/* A key that is used up for Opus is not ready for it because it served Sonnet. */
static void test_success_with_another_model(void **state)
{
    (void)state;
    struct place place;
    struct slot slot = {0};
    const struct finding model = {
        .class = CLASS_LIMIT, .scope = SCOPE_MODEL, .model = "opus", .what = "Opus limit"};
    open_place(&place);
    (void)look(&place, &slot);
    struct candidate *used = slot.candidate;
    (void)lose(&place, &slot, &model, NULL, 0);
    slot.candidate = used;
    const struct record *record = state_find(&place.state.keys, used->id);
    assert_non_null(record);
    slot.failures = record->failures;
    slot.last_failed = record->last_failed;
    assert_false(succeed(&place, &slot, "claude-sonnet-4-6"));
    assert_int_equal(state_find(&place.state.keys, used->id)->cooldown_count, 1);
    assert_true(succeed(&place, &slot, "claude-opus-4-6"));
    assert_int_equal(state_find(&place.state.keys, used->id)->cooldown_count, 0);
    close_place(&place);
}

/* Uses of one key are one entry, however many; a failure never joins another. */
static void test_entries_join(void **state)
{
    (void)state;
    struct place place;
    struct slot slot = {0};
    open_place(&place);
    for (int i = 0; i < 100; i++) {
        assert_string_not_equal(look(&place, &slot), "none");
        slot.prefers = slot.candidate;
    }
    assert_int_equal(place.entries.count, 2); /* and the cursor */
    assert_int_equal(place.entries.list[0].count, 100);
    assert_false(entry_is_urgent(&place.entries.list[0]));
    (void)lose(&place, &slot, &limit, NULL, 0);
    (void)lose(&place, &slot, &limit, NULL, 0);
    size_t failures = 0, rests = 0;
    for (size_t i = 0; i < place.entries.count; i++) {
        failures += place.entries.list[i].kind == ENTRY_FAILURE;
        rests += place.entries.list[i].kind == ENTRY_REST;
        assert_int_equal(entry_is_urgent(&place.entries.list[i]),
                         place.entries.list[i].kind != ENTRY_USE &&
                             place.entries.list[i].kind != ENTRY_CURSOR);
    }
    assert_int_equal(failures, 2);
    assert_int_equal(rests, 2);
    close_place(&place);
}

/* A success that began before another's failure forgets nothing. */
static void test_entries_recovery(void **state)
{
    (void)state;
    struct place place;
    struct slot slot = {0};
    open_place(&place);
    (void)look(&place, &slot);
    const char *id = slot.candidate->id;
    struct record *record = state_touch(&place.state.keys, id);
    record->failures = 1;
    record->last_failed = START - 1;
    struct entry entry = {.kind = ENTRY_RECOVERY};
    memcpy(entry.id, id, IDENTITY_TEXT);
    assert_int_equal(entry_do(&place.state, &entry), 0);
    assert_int_equal(state_find(&place.state.keys, id)->failures, 1);
    entry.failures = 1;
    entry.last_failed = START - 1;
    assert_int_equal(entry_do(&place.state, &entry), 1);
    assert_int_equal(state_find(&place.state.keys, id)->failures, 0);
    assert_int_equal(entry_do(&place.state, &entry), 0);
    close_place(&place);
}

/* What is written late does not replace what another found since. */
static void test_entries_late_rest(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct entry entry = {.kind = ENTRY_REST, .id = "home", .at = START};
    entry.rest = cooldown_of(&limit, 600, START);
    assert_int_equal(record_cool(state_touch(&place.state.keys, "home"), &limit, 600, START + 5),
                     0);
    assert_int_equal(entry_do(&place.state, &entry), 0);
    const struct record *record = state_find(&place.state.keys, "home");
    assert_int_equal(record->cooldowns[0].until, START + 605);
    entry.at = START + 10;
    entry.rest = cooldown_of(&limit, 60, START + 10);
    assert_int_equal(entry_do(&place.state, &entry), 1);
    assert_int_equal(record->cooldowns[0].until, START + 70);
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_late_rest),
        cmocka_unit_test(test_many_spread),
        cmocka_unit_test(test_many_prefers),
        cmocka_unit_test(test_many_nearly_used),
        cmocka_unit_test(test_many_tried),
        cmocka_unit_test(test_many_master),
        cmocka_unit_test(test_record_alone),
        cmocka_unit_test(test_entries_do_the_same),
        cmocka_unit_test(test_success_with_another_model),
        cmocka_unit_test(test_entries_join),
        cmocka_unit_test(test_entries_recovery),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
