#include "core/show/gatewaynews.h"

#include "support.h"

#include <string.h>

#define NOON INT64_C(1795262400) /* 2026-11-21 12:00 UTC */

static void expect_tale(const char *const *lines, const char *expected)
{
    struct gatewaynews news = {0};
    struct buffer text = {0};
    for (; *lines; lines++)
        gatewaynews_read(&news, *lines, strlen(*lines));
    gatewaynews_tell(&news, NOON, &utc_zones, &text);
    assert_string_equal(buffer_text(&text), expected);
    buffer_finish(&text);
}

static void test_nothing_to_tell(void **state)
{
    (void)state;
    const char *const quiet[] = {"listening",
                                 "served 12 home",
                                 "served 0 work",
                                 "from the future",
                                 "{\"time\":1,\"event\":\"attempt\",\"key\":\"home\"}",
                                 "{broken",
                                 NULL};
    expect_tale(quiet, "");
}

static void test_one_switch(void **state)
{
    (void)state;
    const char *const lines[] = {
        "listening",
        "{\"time\":1795269780,\"event\":\"failover\",\"key\":\"home\",\"class\":\"limit\","
        "\"what\":\"session limit\",\"next\":\"work\"}",
        "served 3 home", "served 41 work", NULL};
    expect_tale(lines, "\"home\" reached its session limit at 14:03; 41 requests used "
                       "\"work\"");
}

static void test_the_master(void **state)
{
    (void)state;
    const char *const lines[] = {
        "{\"time\":1795269780,\"event\":\"failover\",\"key\":\"home\",\"class\":\"limit\","
        "\"what\":\"session limit\",\"next\":\"work\"}",
        "{\"time\":1795269840,\"event\":\"failover\",\"key\":\"work\",\"class\":\"limit\","
        "\"what\":\"weekly limit\",\"next\":\"billing\",\"master\":true}",
        "served 3 home",
        "served 1 work",
        "served 2 billing",
        NULL};
    expect_tale(lines, "\"home\" reached its session limit at 14:03, \"work\" reached its weekly "
                       "limit at 14:04; 1 request used \"work\", 2 used the master key "
                       "\"billing\", which is billed");
}

static void test_none_left(void **state)
{
    (void)state;
    const char *const lines[] = {
        "{\"time\":1795269780,\"event\":\"exhausted\",\"key\":\"home\",\"class\":\"limit\","
        "\"what\":\"session limit\"}",
        "served 3 home", "refused 1", NULL};
    expect_tale(lines, "\"home\" reached its session limit at 14:03; 1 request found no key left");
}

/* A key that fails twice is told of once, with the last time. */
static void test_again(void **state)
{
    (void)state;
    const char *const lines[] = {
        "{\"time\":1795269780,\"event\":\"failover\",\"key\":\"home\",\"class\":\"auth\"}",
        "{\"time\":1795269840,\"event\":\"failover\",\"key\":\"home\",\"class\":\"limit\","
        "\"what\":\"session limit\"}",
        NULL};
    expect_tale(lines, "\"home\" reached its session limit at 14:04");
}

static void test_counts(void **state)
{
    (void)state;
    struct gatewaynews news = {0};
    static const char *const lines[] = {"listening", "served 3 a b", "served 4 c", "served x y",
                                        "refused 2"};
    assert_false(news.listening);
    for (size_t i = 0; i < COUNT(lines); i++)
        gatewaynews_read(&news, lines[i], strlen(lines[i]));
    assert_true(news.listening);
    assert_int_equal(gatewaynews_requests(&news), 9);
    assert_string_equal(news.served[0].key, "a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_tell), cmocka_unit_test(test_one_switch),
        cmocka_unit_test(test_the_master),      cmocka_unit_test(test_none_left),
        cmocka_unit_test(test_again),           cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
