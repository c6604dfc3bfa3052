#include "core/state/queue.h"

#include "support.h"

#include <stdio.h>
#include <string.h>

#define A "0000000000000001aaaaaaaaaaaaaaaa"
#define B "8000000000000000bbbbbbbbbbbbbbbb"
#define C "0000000000000010cccccccccccccccc"

static struct owner owner_of(int64_t pid)
{
    return (struct owner){.pid = pid, .start = 1, .boot = "b"};
}

static void create(struct state *state)
{
    assert_int_equal(state_create(SALT, state), 0);
}

static int64_t stand(struct state *state, const char *queue, int64_t ticket, int64_t pid)
{
    struct owner owner = owner_of(pid);
    state_drop_leases(state, &owner);
    assert_int_equal(queue_stand(state, queue, ticket, &owner, 1000), 0);
    return queue_ticket(state, &owner);
}

/* In the order of coming, whatever order the state keeps them in. */
static void test_order(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    assert_int_equal(queue_ahead(&state, "q", 0), 0);
    for (int64_t pid = 1; pid <= 5; pid++)
        assert_int_equal(stand(&state, "q", 0, pid), pid);
    assert_int_equal(queue_ahead(&state, "q", 0), 5);
    assert_int_equal(stand(&state, "q", 2, 2), 2); /* keeps its ticket, now last in the list */
    for (int64_t ticket = 1; ticket <= 5; ticket++)
        assert_int_equal(queue_ahead(&state, "q", ticket), ticket - 1);
    struct owner third = owner_of(3);
    state_drop_leases(&state, &third);
    assert_int_equal(queue_ticket(&state, &third), 0);
    assert_int_equal(queue_ahead(&state, "q", 5), 3);
    assert_int_equal(stand(&state, "q", 0, 9), 6);
    state_finish(&state);
}

/* Neither runs that have a key nor those of another queue stand before one. */
static void test_others(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    struct lease lease = {.key = A, .owner = owner_of(70)};
    assert_int_equal(state_add_lease(&state, &lease), 0);
    assert_int_equal(queue_ahead(&state, "", 0), 0);
    assert_int_equal(stand(&state, "q", 0, 1), 1);
    assert_int_equal(stand(&state, "other", 0, 2), 2);
    assert_int_equal(queue_ahead(&state, "q", 0), 1);
    assert_int_equal(queue_ahead(&state, "other", 0), 1);
    assert_int_equal(queue_ahead(&state, "third", 0), 0);
    assert_int_equal(queue_ticket(&state, &lease.owner), 0);
    state_finish(&state);
}

static void fill(struct candidate *candidates, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (struct candidate){0};
        snprintf(candidates[i].id, IDENTITY_TEXT, "%s", ids[i]);
    }
}

/* One queue for the same keys, in any order; another for other keys or models. */
static void test_names(void **unused)
{
    (void)unused;
    struct candidate candidates[3];
    struct rotation rotation = {.candidates = candidates, .count = 3};
    char first[QUEUE_TEXT] = "", second[QUEUE_TEXT] = "";
    fill(candidates, (const char *const[]){A, B, C}, 3);
    queue_add_keys(first, &rotation, NULL);
    assert_string_equal(first, "8000000000000011");
    fill(candidates, (const char *const[]){C, A, B}, 3);
    candidates[0].standing = STANDING_BUSY;
    candidates[1].standing = STANDING_COOLING;
    queue_add_keys(second, &rotation, NULL);
    assert_string_equal(second, first);
    for (int standing = STANDING_DISABLED; standing <= STANDING_SPENT; standing++) {
        candidates[2].standing = (enum standing)standing;
        second[0] = '\0';
        queue_add_keys(second, &rotation, NULL);
        assert_string_equal(second, "0000000000000011");
    }
    second[0] = '\0';
    queue_add_keys(second, &rotation, "opus");
    assert_string_not_equal(second, "0000000000000011");
    first[0] = '\0';
    queue_add_keys(first, &rotation, "sonnet");
    assert_string_not_equal(second, first);
    /* two kinds are added up */
    queue_add_keys(first, &rotation, NULL);
    assert_int_equal(strlen(first), QUEUE_TEXT - 1);
}

static void test_places(void **unused)
{
    (void)unused;
    struct candidate candidates[3];
    struct rotation rotation = {.candidates = candidates, .count = 3};
    fill(candidates, (const char *const[]){A, B, C}, 3);
    candidates[1].leases = 2;
    assert_int_equal(queue_places(&rotation, 3), 7);
    candidates[2].standing = STANDING_BUSY;
    candidates[2].leases = 3;
    assert_int_equal(queue_places(&rotation, 3), 4);
    candidates[0].standing = STANDING_COOLING;
    assert_int_equal(queue_places(&rotation, 3), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
