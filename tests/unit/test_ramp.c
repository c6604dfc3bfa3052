#include "core/gateway/ramp.h"

#include "support.h"

static unsigned count_admitted(struct ramp *ramp, int64_t now)
{
    unsigned count = 0;
    while (count < 1000 && ramp_admits(ramp, now))
        count++;
    return count;
}

static void test_one_then_more_for_each_answer(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    assert_int_equal(count_admitted(&ramp, 1000), 1);
    assert_int_equal(count_admitted(&ramp, 1100), 0);
    ramp_note_answer(&ramp);
    assert_int_equal(count_admitted(&ramp, 1100), 2);
    ramp_note_answer(&ramp);
    ramp_note_answer(&ramp);
    assert_int_equal(count_admitted(&ramp, 1100), 4);
}

static void test_slow_answers_hold_nobody_up(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    assert_int_equal(count_admitted(&ramp, 1000), 1);
    assert_int_equal(count_admitted(&ramp, 1249), 0);
    assert_int_equal(count_admitted(&ramp, 1250), 1);
    assert_int_equal(count_admitted(&ramp, 2000), 3);
}

static void test_a_key_that_answers_takes_all(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    (void)ramp_admits(&ramp, 1000);
    for (int i = 0; i < 16; i++)
        ramp_note_answer(&ramp);
    assert_int_equal(count_admitted(&ramp, 1001), 1000);
}

static void test_a_later_herd_begins_anew(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    (void)ramp_admits(&ramp, 1000);
    for (int i = 0; i < 16; i++)
        ramp_note_answer(&ramp);
    assert_int_equal(count_admitted(&ramp, 7000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_then_more_for_each_answer),
        cmocka_unit_test(test_slow_answers_hold_nobody_up),
        cmocka_unit_test(test_a_key_that_answers_takes_all),
        cmocka_unit_test(test_a_later_herd_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
