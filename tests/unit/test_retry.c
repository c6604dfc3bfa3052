#include "core/gateway/retry.h"

#include "support.h"

#include <string.h>

#define MINUTE 60000

/* What differs from how it is most of the time: a request that may be repeated, ten minutes, nine
 * more keys, no retry-after. */
struct given {
    enum retry_event event;
    enum failure_class class;
    bool bare, should_not_retry, once, bound, master_left;
    enum retry_out out;
    const char *no_body;
    int64_t retry_after_ms, left_ms;
    int keys_left;
    unsigned dice;
};

#define NONE -1

static struct retry_facts facts_of(const struct given *given)
{
    return (struct retry_facts){
        .event = given->event,
        .class = given->class,
        .bare = given->bare,
        .retry_after_ms = given->retry_after_ms ? given->retry_after_ms : -1,
        .should_not_retry = given->should_not_retry,
        .out = given->out,
        .no_body = given->no_body,
        .repeatable = !given->once,
        .bound = given->bound,
        .left_ms = given->left_ms == NONE ? 0
                   : given->left_ms       ? given->left_ms
                                          : 10 * MINUTE,
        .keys_left = given->keys_left == NONE ? 0
                     : given->keys_left       ? (unsigned)given->keys_left
                                              : 9,
        .master_left = given->master_left,
        .dice = given->dice,
    };
}

#define LIMIT    .class = CLASS_LIMIT
#define SERVER   .class = CLASS_SERVER
#define THROTTLE .class = CLASS_THROTTLED
#define BARE     .class = CLASS_THROTTLED, .bare = true

static const struct row {
    const char *name;
    struct retry before;
    struct given facts;
    enum retry_move move;
    const char *reason;
} rows[] = {
    {"answer", {0}, {.class = CLASS_NONE}, RETRY_PASS, "the answer is the client's"},
    {"used up", {0}, {LIMIT}, RETRY_NEXT, "the key is used up"},
    {"not accepted", {0}, {.class = CLASS_AUTH}, RETRY_NEXT, "the key is not accepted"},
    {"refused", {0}, {.class = CLASS_FORBIDDEN}, RETRY_NEXT, "the key is refused"},
    {"no credit", {0}, {.class = CLASS_BILLING}, RETRY_NEXT, "the key has no credit"},
    {"x-should-retry is not about another key",
     {0},
     {LIMIT, .should_not_retry = true},
     RETRY_NEXT,
     "the key is used up"},
    {"master after the last",
     {0},
     {LIMIT, .keys_left = NONE, .master_left = true},
     RETRY_MASTER,
     "the key is used up"},
    {"no master before the last",
     {0},
     {LIMIT, .keys_left = 1, .master_left = true},
     RETRY_NEXT,
     "the key is used up"},
    {"nothing left", {0}, {LIMIT, .keys_left = NONE}, RETRY_PASS, "no other key is free"},
    {"five keys", {.tries = 4, .keys = 4}, {LIMIT}, RETRY_PASS, "enough keys were tried"},
    {"master after five keys",
     {.tries = 4, .keys = 4},
     {LIMIT, .master_left = true},
     RETRY_MASTER,
     "the key is used up"},
    {"four keys", {.tries = 3, .keys = 3}, {LIMIT}, RETRY_NEXT, "the key is used up"},
    {"six tries",
     {.tries = 5, .keys = 2, .on_key = 3},
     {LIMIT},
     RETRY_PASS,
     "it was tried often enough"},

    {"head is out", {0}, {LIMIT, .out = HEAD_OUT}, RETRY_PASS, "a part of the answer has gone out"},
    {"body is out",
     {0},
     {.event = RETRY_LOST, .out = BODY_OUT},
     RETRY_PASS,
     "a part of the answer has gone out"},
    {"no body", {0}, {LIMIT, .no_body = "it is gone"}, RETRY_PASS, "it is gone"},
    {"out of time", {0}, {LIMIT, .left_ms = NONE}, RETRY_PASS, "the time for this request is over"},
    {"refused create", {0}, {LIMIT, .once = true}, RETRY_NEXT, "the key is used up"},
    {"create that was not sent",
     {0},
     {.event = RETRY_UNREACHABLE, .once = true},
     RETRY_SAME,
     "the provider is not reached"},
    {"lost create",
     {0},
     {.event = RETRY_LOST, .once = true},
     RETRY_PASS,
     "the request may have been carried out and must not be twice"},
    {"silent create",
     {0},
     {.event = RETRY_SILENT, .once = true},
     RETRY_PASS,
     "the request may have been carried out and must not be twice"},
    {"create and trouble",
     {0},
     {SERVER, .once = true},
     RETRY_PASS,
     "the request may have been carried out and must not be twice"},
    {"bound",
     {0},
     {LIMIT, .bound = true, .master_left = true},
     RETRY_PASS,
     "only this key can see what the request names"},
    {"bound, trouble", {0}, {SERVER, .bound = true}, RETRY_SAME, "the provider has trouble"},

    {"trouble", {0}, {SERVER}, RETRY_SAME, "the provider has trouble"},
    {"trouble again",
     {.tries = 1, .keys = 1, .on_key = 1},
     {SERVER},
     RETRY_NEXT,
     "the provider has trouble"},
    {"trouble everywhere",
     {.tries = 2, .keys = 1, .moves_soft = 1},
     {SERVER},
     RETRY_PASS,
     "it was tried with another key"},
    {"trouble, one key",
     {.tries = 1, .keys = 1, .on_key = 1},
     {SERVER, .keys_left = NONE},
     RETRY_PASS,
     "no other key is free"},
    {"trouble spends no master",
     {.tries = 1, .keys = 1, .on_key = 1},
     {SERVER, .keys_left = NONE, .master_left = true},
     RETRY_PASS,
     "no other key is free"},
    {"trouble, not to repeat",
     {0},
     {SERVER, .should_not_retry = true},
     RETRY_PASS,
     "the provider asks not to repeat it"},
    {"trouble, later",
     {0},
     {SERVER, .retry_after_ms = MINUTE},
     RETRY_NEXT,
     "the provider has trouble"},
    {"trouble, no time for a pause",
     {0},
     {SERVER, .left_ms = 400},
     RETRY_NEXT,
     "the provider has trouble"},

    {"says nothing of the key", {0}, {BARE}, RETRY_NEXT, "the answer says nothing of the key"},
    {"says nothing twice",
     {.tries = 1, .keys = 1, .moves_soft = 1},
     {BARE},
     RETRY_PASS,
     "it was tried with another key"},
    {"says nothing, one key",
     {0},
     {BARE, .keys_left = NONE, .master_left = true},
     RETRY_PASS,
     "no other key is free"},
    {"throttle", {0}, {THROTTLE, .retry_after_ms = 5000}, RETRY_NEXT, "the key is throttled"},
    {"second throttle",
     {.tries = 1, .keys = 1, .moves_soft = 1},
     {THROTTLE, .retry_after_ms = 5000},
     RETRY_SAME,
     "the throttle ends soon"},
    {"throttle, one key",
     {0},
     {THROTTLE, .retry_after_ms = 5000, .keys_left = NONE},
     RETRY_SAME,
     "the throttle ends soon"},
    {"throttle after the wait",
     {.tries = 1, .keys = 1, .on_key = 1, .waited = true},
     {THROTTLE, .retry_after_ms = 5000, .keys_left = NONE},
     RETRY_PASS,
     "no other key is free"},
    {"long throttle",
     {0},
     {THROTTLE, .retry_after_ms = MINUTE + 1, .keys_left = NONE},
     RETRY_PASS,
     "no other key is free"},
    {"throttle beyond the deadline",
     {0},
     {THROTTLE, .retry_after_ms = 5000, .left_ms = 5000, .keys_left = NONE},
     RETRY_PASS,
     "no other key is free"},
    {"throttle, not to repeat",
     {0},
     {THROTTLE, .retry_after_ms = 5000, .keys_left = NONE, .should_not_retry = true},
     RETRY_PASS,
     "no other key is free"},

    {"not reached", {0}, {.event = RETRY_UNREACHABLE}, RETRY_SAME, "the provider is not reached"},
    {"not reached again",
     {.tries = 1, .keys = 1, .on_key = 1},
     {.event = RETRY_UNREACHABLE},
     RETRY_NEXT,
     "the provider is not reached"},
    {"lost", {0}, {.event = RETRY_LOST}, RETRY_SAME, "the connection was lost"},
    {"lost again",
     {.tries = 1, .keys = 1, .on_key = 1},
     {.event = RETRY_LOST},
     RETRY_NEXT,
     "the connection was lost"},
    {"lost everywhere",
     {.tries = 2, .keys = 1, .moves_soft = 1},
     {.event = RETRY_LOST},
     RETRY_PASS,
     "it was tried with another key"},
    {"silent", {0}, {.event = RETRY_SILENT}, RETRY_NEXT, "the provider is silent"},
    {"used up after trouble elsewhere",
     {.tries = 2, .keys = 1, .moves_soft = 1},
     {LIMIT},
     RETRY_NEXT,
     "the key is used up"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct retry retry = row->before;
        const struct retry_facts facts = facts_of(&row->facts);
        struct retry_decision decision = retry_decide(&retry, &facts);
        if (decision.move != row->move || strcmp(decision.reason, row->reason) != 0)
            fail_msg("%s: %s, %s", row->name, retry_move_name(decision.move), decision.reason);
        bool other = decision.move == RETRY_NEXT || decision.move == RETRY_MASTER;
        assert_int_equal(retry.tries, row->before.tries + 1);
        assert_int_equal(retry.on_key, other ? 0 : row->before.on_key + 1);
        assert_int_equal(retry.keys, row->before.keys + (row->before.on_key == 0));
    }
}

/* Whole requests: each letter one try's decision, until it is passed on. */
static void test_runs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct given facts; /* of each try; keys_left counts down from it */
        const char *moves;
    } runs[] = {
        {"used up everywhere", {LIMIT, .keys_left = 19}, "nnnnp"},
        {"used up everywhere, a master", {LIMIT, .keys_left = 2, .master_left = true}, "nnmp"},
        {"used up, one key", {LIMIT, .keys_left = NONE}, "p"},
        {"529 everywhere", {SERVER, .keys_left = 19}, "snp"},
        {"529, one key", {SERVER, .keys_left = NONE}, "sp"},
        {"bare 429 everywhere", {BARE, .keys_left = 19}, "np"},
        {"throttled everywhere", {THROTTLE, .retry_after_ms = 1000, .keys_left = 19}, "nsp"},
        {"401 everywhere", {.class = CLASS_AUTH, .keys_left = 2}, "nnp"},
        {"not reached", {.event = RETRY_UNREACHABLE, .keys_left = 19}, "snp"},
        {"lost", {.event = RETRY_LOST, .keys_left = NONE}, "sp"},
        {"silent", {.event = RETRY_SILENT, .keys_left = 19}, "np"},
    };
    for (size_t i = 0; i < COUNT(runs); i++) {
        struct retry retry = {0};
        struct retry_facts facts = facts_of(&runs[i].facts);
        char moves[16] = "";
        for (size_t n = 0; n < sizeof moves - 1 && !strchr(moves, 'p'); n++) {
            struct retry_decision decision = retry_decide(&retry, &facts);
            moves[n] = *retry_move_name(decision.move);
            facts.keys_left -= decision.move == RETRY_NEXT;
            facts.master_left &= decision.move != RETRY_MASTER;
        }
        if (strcmp(moves, runs[i].moves) != 0)
            fail_msg("%s: %s", runs[i].name, moves);
    }
}

static void test_pauses(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (unsigned dice = 0; dice < 2000; dice += 7) {
        struct retry retry = {0};
        const struct given given = {SERVER, .dice = dice};
        const struct retry_facts facts = facts_of(&given);
        int64_t pause = retry_decide(&retry, &facts).pause_ms;
        least = pause < least ? pause : least;
        most = pause > most ? pause : most;
    }
    assert_in_range(least, 500, 520);
    assert_in_range(most, 980, 1000);
    struct retry retry = {0};
    const struct given throttled = {THROTTLE, .retry_after_ms = 7000, .keys_left = NONE};
    const struct given lost = {.event = RETRY_LOST, .dice = 3};
    struct retry_facts facts = facts_of(&throttled);
    assert_int_equal(retry_decide(&retry, &facts).pause_ms, 7000);
    retry = (struct retry){0};
    facts = facts_of(&lost);
    assert_int_equal(retry_decide(&retry, &facts).pause_ms, 0);
}

static void test_hold(void **state)
{
    (void)state;
    static const struct {
        int64_t earliest, now_ms, hold_ms, left_ms, wait;
    } cases[] = {
        {1000, 990000, 90000, 600000, 10000}, {1000, 990500, 90000, 600000, 9500},
        {1000, 900000, 90000, 600000, -1},    {1000, 910000, 90000, 600000, 90000},
        {1000, 990000, 0, 600000, -1},        {1000, 1000000, 0, 600000, 0},
        {1000, 1100000, 0, 600000, 0},        {1000, 990000, 90000, 10000, -1},
        {0, 990000, 90000, 600000, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(
            retry_hold(cases[i].earliest, cases[i].now_ms, cases[i].hold_ms, cases[i].left_ms),
            cases[i].wait);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
