#include "core/state/standin.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

#define NOW   INT64_C(1795209600)
#define ID_1  "11111111111111111111111111111111"
#define ID_2  "22222222222222222222222222222222"
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct finding limit = {.class = CLASS_LIMIT, .scope = SCOPE_KEY};
static const struct finding auth = {.class = CLASS_AUTH, .scope = SCOPE_KEY};

static struct state shared, standin;

static int setup(void **unused)
{
    (void)unused;
    return state_create(SALT, &shared) < 0 || state_create(SALT, &standin) < 0;
}

static int teardown(void **unused)
{
    (void)unused;
    state_finish(&shared);
    state_finish(&standin);
    return 0;
}

static void rest(struct state *state, const char *id, const struct finding *finding,
                 int64_t seconds)
{
    struct record *record = state_touch(&state->keys, id);
    assert_int_equal(record_cool(record, finding, seconds, NOW), 0);
    record->failures = 2;
    record->runs = 5;
    record->last_failed = NOW;
    record->last_class = finding->class;
}

static void adopt(const struct keyring *keyring, int64_t ahead)
{
    assert_int_equal(standin_adopt(&shared, &standin, keyring, ahead), 0);
}

static int64_t until(const char *id, size_t i)
{
    const struct record *record = state_find(&shared.keys, id);
    assert_non_null(record);
    assert_in_range(i, 0, record->cooldown_count - 1);
    return record->cooldowns[i].until - NOW;
}

static void the_later_end_counts(void **unused)
{
    (void)unused;
    rest(&shared, ID_1, &limit, 100);
    rest(&shared, ID_2, &limit, 300);
    rest(&standin, ID_1, &limit, 200);
    rest(&standin, ID_2, &limit, 50);
    adopt(NULL, 0);
    assert_int_equal(until(ID_1, 0), 200);
    assert_int_equal(until(ID_2, 0), 300);
    assert_int_equal(state_find(&shared.keys, ID_1)->failures, 4);
    assert_int_equal(state_find(&shared.keys, ID_1)->runs, 10);
}

static void other_rests_are_added(void **unused)
{
    (void)unused;
    rest(&shared, ID_1, &limit, 100);
    rest(&standin, ID_1, &auth, 60);
    rest(&standin, ID_2, &limit, 70);
    adopt(NULL, 0);
    assert_int_equal(state_find(&shared.keys, ID_1)->cooldown_count, 2);
    assert_int_equal(until(ID_1, 1), 60);
    assert_int_equal(until(ID_2, 0), 70);
    assert_int_equal(state_find(&shared.keys, ID_1)->last_class, CLASS_AUTH);
}

static void organizations_too(void **unused)
{
    (void)unused;
    assert_int_equal(record_cool(state_touch(&standin.organizations, "acme"), &limit, 90, NOW), 0);
    adopt(NULL, 0);
    assert_int_equal(state_find(&shared.organizations, "acme")->cooldowns[0].until, NOW + 90);
}

static void times_are_told_by_the_shared_clock(void **unused)
{
    (void)unused;
    rest(&standin, ID_1, &limit, 100);
    adopt(NULL, 3600);
    assert_int_equal(until(ID_1, 0), 3700);
    assert_int_equal(state_find(&shared.keys, ID_1)->last_failed, NOW + 3600);
}

/* Said on either side, it is not said again on the other. */
static void warnings_count_on_both_sides(void **unused)
{
    struct state copy;
    struct pool_place place;
    (void)unused;
    state_touch(&shared.keys, ID_1)->warned_end = NOW;
    assert_int_equal(state_pool(&shared, "openai", &place), 0);
    *place.warned_undersized = NOW;
    assert_int_equal(standin_begin(&shared, 50, NOW, &copy), 0);
    assert_int_equal(state_find(&copy.keys, ID_1)->warned_end, NOW - 50);
    assert_int_equal(copy.pools[0].warned_undersized, NOW - 50);
    state_touch(&copy.keys, ID_2)->warned_end = NOW;
    assert_int_equal(standin_adopt(&shared, &copy, NULL, 50), 0);
    assert_int_equal(state_find(&shared.keys, ID_1)->warned_end, NOW);
    assert_int_equal(state_find(&shared.keys, ID_2)->warned_end, NOW + 50);
    state_finish(&copy);
}

static void a_copy_tells_nothing_twice(void **unused)
{
    struct state copy;
    (void)unused;
    rest(&shared, ID_1, &limit, 100);
    assert_int_equal(state_note_master_use(&shared, NOW - 10), 0);
    assert_int_equal(standin_begin(&shared, 50, NOW, &copy), 0);
    assert_int_equal(state_find(&copy.keys, ID_1)->cooldowns[0].until, NOW + 50);
    assert_int_equal(copy.master_use_count, 1);
    assert_int_equal(state_note_master_use(&copy, NOW + 1), 0);
    assert_int_equal(standin_adopt(&shared, &copy, NULL, 50), 0);
    assert_int_equal(until(ID_1, 0), 100);
    assert_int_equal(state_find(&shared.keys, ID_1)->failures, 2);
    assert_int_equal(state_find(&shared.keys, ID_1)->runs, 5);
    assert_int_equal(shared.master_use_count, 2);
    assert_int_equal(shared.master_uses[1], NOW + 51);
    state_finish(&copy);
}

/* What it stands in for survives that it is written and read. */
static void it_is_known_again(void **unused)
{
    struct state copy, again;
    (void)unused;
    assert_int_equal(standin_begin(&shared, 0, NOW, &copy), 0);
    char *text = state_print(&copy);
    assert_int_equal(state_parse(text, strlen(text), &again), 0);
    assert_int_equal(again.stands_in_since, NOW);
    free(text);
    state_finish(&copy);
    state_finish(&again);
}

static void keys_are_found_by_their_tokens(void **unused)
{
    static const struct key keys[] = {{.name = "one", .token = "sk-ant-oat01-FAKE-one-0001"},
                                      {.name = "two", .token = "sk-ant-oat01-FAKE-two-0001"}};
    struct keyring keyring = {.keys = (struct key *)keys, .count = 2};
    char theirs[IDENTITY_TEXT], ours[IDENTITY_TEXT];
    (void)unused;
    state_finish(&standin);
    assert_int_equal(state_create(OTHER, &standin), 0);
    assert_int_equal(identity_of(&keys[1], OTHER, theirs), 0);
    assert_int_equal(identity_of(&keys[1], SALT, ours), 0);
    rest(&standin, theirs, &limit, 100);
    rest(&standin, ID_2, &limit, 100); /* of a key we do not have */
    adopt(NULL, 0);
    assert_int_equal(shared.keys.count, 0);
    adopt(&keyring, 0);
    assert_int_equal(shared.keys.count, 1);
    assert_int_equal(until(ours, 0), 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_later_end_counts),
        TEST(other_rests_are_added),
        TEST(organizations_too),
        TEST(times_are_told_by_the_shared_clock),
        TEST(warnings_count_on_both_sides),
        TEST(a_copy_tells_nothing_twice),
        TEST(it_is_known_again),
        TEST(keys_are_found_by_their_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
