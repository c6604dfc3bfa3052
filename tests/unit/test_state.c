#include "core/state/state.h"

#include "base/json.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW       INT64_C(1795209600) /* 2026-11-20T21:20:00Z */
#define DAY       INT64_C(86400)
#define TEN_YEARS (3652 * DAY)

#define ID_1 "11111111111111111111111111111111"
#define ID_2 "22222222222222222222222222222222"
#define ID_3 "33333333333333333333333333333333"

static void create(struct state *state)
{
    assert_int_equal(state_create(SALT, state), 0);
}

static int parse(const char *text, size_t length, struct state *state)
{
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, text, length);
    int r = state_parse(copy + 1, length, state);
    test_free(copy);
    return r;
}

static void parse_well(const char *text, struct state *state)
{
    if (parse(text, strlen(text), state) != 0)
        fail_msg("refused: %s", text);
}

/* Written and read again, as the next run will find it. */
static void reload(struct state *state)
{
    char *text = state_print(state);
    assert_non_null(text);
    state_finish(state);
    parse_well(text, state);
    free(text);
}

static struct finding finding_of(enum failure_class class, const char *model)
{
    struct finding finding = {.class = class, .scope = *model ? SCOPE_MODEL : SCOPE_KEY};
    snprintf(finding.model, sizeof finding.model, "%s", model);
    snprintf(finding.what, sizeof finding.what, "some %s limit", model);
    return finding;
}

static void cool(struct record *record, enum failure_class class, const char *model,
                 int64_t seconds, int64_t now)
{
    struct finding finding = finding_of(class, model);
    assert_non_null(record);
    assert_int_equal(record_cool(record, &finding, seconds, now), 0);
}

static void test_new_state(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    assert_string_equal(state.salt, SALT);
    assert_string_equal(state.cursor, "");
    assert_int_equal(state.keys.count + state.organizations.count, 0);
    assert_int_equal(state.lease_count + state.master_use_count, 0);
    assert_null(state_find(&state.keys, ID_1));
    char *text = state_print(&state);
    assert_non_null(strstr(text, "\"version\":1"));
    assert_non_null(strstr(text, SALT));
    free(text);
    state_finish(&state);
    state_finish(&state);
}

static void test_round_trip(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    struct record *record = state_touch(&state.keys, ID_2);
    snprintf(record->name, sizeof record->name, "%s", "home \"sweet\" h\xc3\xbcte");
    record->failures = 3;
    record->runs = 12345;
    record->last_used = NOW - 5;
    record->last_failed = NOW - 7;
    record->warned_end = NOW - 9;
    record->last_class = CLASS_BILLING;
    const struct usage usage = {
        .windows = {{"5h", 765, NOW + 60, USAGE_WARNING}, {"7d", -1, 0, USAGE_UNKNOWN}},
        .count = 2};
    assert_int_equal(record_note_usage(record, &usage, NOW - 3), 1);
    assert_int_equal(record_note_usage(record, &usage, NOW), 0);
    cool(record, CLASS_LIMIT, "", 300, NOW);
    cool(record, CLASS_LIMIT, "opus", 5 * DAY, NOW);
    cool(state_touch(&state.organizations, "acme \"co\""), CLASS_THROTTLED, "", 60, NOW);
    const struct lease lease = {.key = ID_2,
                                .owner = {.pid = 4242,
                                          .start = 987654321,
                                          .pid_namespace = 4026531836,
                                          .boot = "224b85f7-45af-4888-88d2-20a968e59aaa"},
                                .since = NOW - 1,
                                .count = 7};
    assert_int_equal(state_add_lease(&state, &lease), 0);
    const struct lease waiting = {
        .owner = lease.owner, .since = NOW, .queue = "0123456789abcdef", .ticket = 17};
    assert_int_equal(state_add_lease(&state, &waiting), 0);
    struct pool_place place;
    assert_int_equal(state_pool(&state, "openai", &place), 0);
    snprintf(place.cursor, IDENTITY_TEXT, "%s", ID_1);
    *place.warned_undersized = NOW - 50;
    assert_int_equal(state_note_master_use(&state, NOW - 10), 0);
    assert_int_equal(state_note_master_use(&state, NOW), 0);
    snprintf(state.cursor, sizeof state.cursor, "%s", ID_3);
    state.warned_undersized = NOW - 100;
    reload(&state);
    reload(&state);
    const struct record *found = state_find(&state.keys, ID_2);
    assert_string_equal(found->name, "home \"sweet\" h\xc3\xbcte");
    assert_int_equal(found->failures, 3);
    assert_int_equal(found->runs, 12345);
    assert_int_equal(found->last_used, NOW - 5);
    assert_int_equal(found->last_failed, NOW - 7);
    assert_int_equal(found->warned_end, NOW - 9);
    assert_int_equal(found->last_class, CLASS_BILLING);
    assert_int_equal(found->window_count, 2);
    assert_int_equal(found->windows_at, NOW - 3);
    assert_string_equal(found->windows[0].name, "5h");
    assert_int_equal(found->windows[0].used, 765);
    assert_int_equal(found->windows[0].reset, NOW + 60);
    assert_int_equal(found->windows[0].status, USAGE_WARNING);
    assert_int_equal(found->windows[1].used, -1);
    assert_int_equal(found->windows[1].status, USAGE_UNKNOWN);
    assert_int_equal(record_fullest(found, NOW), 765);
    assert_int_equal(record_fullest(found, NOW + 61), 0);
    assert_int_equal(record_fullest(NULL, NOW), -1);
    assert_int_equal(found->cooldown_count, 2);
    assert_int_equal(found->cooldowns[0].class, CLASS_LIMIT);
    assert_string_equal(found->cooldowns[0].model, "");
    assert_int_equal(found->cooldowns[0].until, NOW + 300);
    assert_int_equal(found->cooldowns[0].length, 300);
    assert_string_equal(found->cooldowns[1].model, "opus");
    assert_string_equal(found->cooldowns[1].what, "some opus limit");
    assert_int_equal(state_find(&state.organizations, "acme \"co\"")->cooldowns[0].until, NOW + 60);
    assert_int_equal(state.lease_count, 2);
    assert_string_equal(state.leases[1].key, "");
    assert_string_equal(state.leases[1].queue, waiting.queue);
    assert_int_equal(state.leases[1].ticket, 17);
    assert_int_equal(state.leases[0].ticket, 0);
    assert_int_equal(state.leases[0].count, 7);
    assert_int_equal(state.leases[1].count, 1);
    assert_int_equal(state.pool_count, 1);
    assert_string_equal(state_cursor(&state, "openai"), ID_1);
    assert_string_equal(state_cursor(&state, NULL), ID_3);
    assert_string_equal(state_cursor(&state, "cursor"), ID_3); /* none of its own yet */
    assert_int_equal(state_pool(&state, "openai", &place), 0);
    assert_int_equal(*place.warned_undersized, NOW - 50);
    assert_int_equal(state_pool(&state, NULL, &place), 0);
    assert_int_equal(*place.warned_undersized, NOW - 100);
    assert_string_equal(state.leases[0].key, ID_2);
    assert_true(owner_equal(&state.leases[0].owner, &lease.owner));
    assert_int_equal(state.leases[0].since, NOW - 1);
    assert_int_equal(state_master_uses_since(&state, NOW - 11), 2);
    assert_string_equal(state.cursor, ID_3);
    assert_int_equal(state.warned_undersized, NOW - 100);
    state_finish(&state);
}

#define UNKNOWN                                                                                    \
    "{\"version\":1,\"salt\":\"" SALT "\",\"fleet\":{\"x\":[1,null,true]},\"keys\":{\"" ID_1 "\":" \
    "{\"failures\":2,\"colour\":\"red\",\"cooldowns\":[]},\"" ID_2 "\":{\"shape\":\"round\"}},"    \
    "\"organizations\":{\"acme\":{\"size\":5}},"                                                   \
    "\"pools\":{\"openai\":{\"cursor\":\"" ID_1 "\",\"hue\":[2]},\"cursor\":{\"tint\":{}}}}"

static void test_unknown_fields_are_kept(void **unused)
{
    (void)unused;
    static const char *const parts[] = {"\"fleet\":{\"x\":[1,null,true]}",
                                        "\"colour\":\"red\"",
                                        "\"shape\":\"round\"",
                                        "\"size\":5",
                                        "\"failures\":3",
                                        "\"hue\":[2]",
                                        "\"tint\":{}"};
    struct state state;
    struct pool_place place;
    parse_well(UNKNOWN, &state);
    assert_int_equal(state_pool(&state, "openai", &place), 0);
    snprintf(place.cursor, IDENTITY_TEXT, "%s", ID_3);
    assert_int_equal(state_pool(&state, "GEMINI_API_KEY", &place), 0);
    struct record *record = state_touch(&state.keys, ID_1);
    record->failures = 3;
    cool(record, CLASS_AUTH, "", 60, NOW);
    cool(state_touch(&state.organizations, "acme"), CLASS_BILLING, "", 60, NOW);
    (void)state_touch(&state.keys, ID_3);
    reload(&state);
    char *text = state_print(&state);
    for (size_t i = 0; i < COUNT(parts); i++)
        expect_part("unknown", text, parts[i]);
    assert_non_null(strstr(text, ID_3));
    free(text);
    assert_string_equal(state_cursor(&state, "openai"), ID_3);
    assert_int_equal(state.pool_count, 3);
    state_finish(&state);
}

/* A record that was not touched is written as it was found, whatever it holds. */
static void test_untouched_records_stay(void **unused)
{
    (void)unused;
    static const char part[] =
        "\"" ID_1 "\":{\"failures\":\"many\",\"cooldowns\":[{\"class\":\"gone\","
        "\"until\":5}],\"runs\":1.5}";
    struct state state;
    struct buffer text = {0};
    buffer_append_format(&text, "{\"version\":1,\"salt\":\"" SALT "\",\"keys\":{%s}}", part);
    parse_well(buffer_text(&text), &state);
    (void)state_touch(&state.keys, ID_2);
    char *printed = state_print(&state);
    expect_part("untouched", printed, part);
    free(printed);
    state_finish(&state);
    buffer_finish(&text);
}

#define HEAD "{\"version\":1,\"salt\":\"" SALT "\""

static void test_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int error;
    } rows[] = {
        {"", -EINVAL},
        {"\n", -EINVAL},
        {"nonsense", -EINVAL},
        {"null", -EINVAL},
        {"[]", -EINVAL},
        {"{}", -EINVAL},
        {"{\"version\":1}", -EINVAL},
        {"{\"salt\":\"" SALT "\"}", -EINVAL},
        {"{\"version\":\"1\",\"salt\":\"" SALT "\"}", -EINVAL},
        {"{\"version\":0,\"salt\":\"" SALT "\"}", -EINVAL},
        {"{\"version\":-1,\"salt\":\"" SALT "\"}", -EINVAL},
        {"{\"version\":1.5,\"salt\":\"" SALT "\"}", -EINVAL},
        {"{\"version\":1,\"salt\":\"" SALT "00\"}", -EINVAL},
        {"{\"version\":1,\"salt\":\"abc\"}", -EINVAL},
        {"{\"version\":1,\"salt\":5}", -EINVAL},
        {"{\"version\":1,\"salt\":"
         "\"zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"}",
         -EINVAL},
        {HEAD "} x", -EINVAL},
        {"{\"version\":2}", -ENOTSUP},
        {"{\"version\":2,\"salt\":\"of another form\"}", -ENOTSUP},
        {"{\"version\":1000000,\"salt\":\"" SALT "\"}", -ENOTSUP},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct state state = {.lease_count = 77};
        int r = parse(rows[i].text, strlen(rows[i].text), &state);
        if (r != rows[i].error)
            fail_msg("%s: %d", rows[i].text, r);
        assert_int_equal(state.lease_count, 77);
    }
}

/* Fields of other types than expected count as missing. */
static void test_odd_fields(void **unused)
{
    (void)unused;
    static const char *const rows[] = {
        HEAD ",\"keys\":5}",
        HEAD ",\"keys\":[1,{}]}",
        HEAD ",\"keys\":null,\"organizations\":\"x\",\"leases\":{},\"master_uses\":true}",
        HEAD ",\"keys\":{\"" ID_1 "\":5}}",
        HEAD ",\"keys\":{\"" ID_1 "\":{\"cooldowns\":{\"a\":1}}}}",
        HEAD ",\"keys\":{\"" ID_1 "\":{\"cooldowns\":[5,null,{},[],{\"class\":\"limit\"}]}}}",
        HEAD ",\"keys\":{\"" ID_1 "\":{\"cooldowns\":[{\"class\":\"gone\",\"until\":1795299999,"
             "\"length\":99999},{\"class\":\"limit\",\"until\":9e12,\"length\":9e12}]}}}",
        HEAD ",\"keys\":{\"" ID_1 "\":{},\"" ID_1 "\":{},\"\":{}}}",
        HEAD ",\"leases\":[5,null,{},{\"key\":7,\"pid\":\"x\"}]}",
        HEAD ",\"master_uses\":[\"x\",null,-5,0,1e300,{}]}",
        HEAD ",\"cursor\":5,\"warned_undersized\":-1}",
        HEAD ",\"pools\":[1]}",
        HEAD ",\"pools\":{\"openai\":5,\"cursor\":{\"cursor\":7,\"warned_undersized\":-3}}}",
        HEAD ",\"leases\":[{\"queue\":5,\"ticket\":-2}]}",
        HEAD ",\"keys\":{\"" ID_1 "\":{\"last_class\":\"gone\",\"failures\":-3,\"runs\":1e300}}}",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct state state;
        parse_well(rows[i], &state);
        state_settle(&state, NOW);
        const struct record *record = state_find(&state.keys, ID_1);
        assert_null(record_cooling(record, NULL, NOW));
        assert_int_equal(state.master_use_count, 0);
        cool(state_touch(&state.keys, ID_2), CLASS_AUTH, "", 60, NOW);
        cool(state_touch(&state.organizations, "acme"), CLASS_AUTH, "", 60, NOW);
        assert_int_equal(state_note_master_use(&state, NOW), 0);
        reload(&state);
        assert_non_null(record_cooling(state_find(&state.keys, ID_2), NULL, NOW));
        assert_non_null(record_cooling(state_find(&state.organizations, "acme"), NULL, NOW));
        assert_int_equal(state.master_use_count, 1);
        state_finish(&state);
    }
}

static void test_numbers_below_zero(void **unused)
{
    (void)unused;
    struct state state;
    parse_well(HEAD ",\"keys\":{\"" ID_1 "\":{\"failures\":-3,\"runs\":-1,\"last_used\":-5}}}",
               &state);
    const struct record *record = state_find(&state.keys, ID_1);
    assert_int_equal(record->failures, 0);
    assert_int_equal(record->runs, 0);
    assert_int_equal(record->last_used, 0);
    state_finish(&state);
}

/* Texts that are longer than their place are cut, and found again all the same. */
static void test_long_texts(void **unused)
{
    (void)unused;
    char name[300];
    memset(name, 'o', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct state state;
    struct buffer text = {0};
    buffer_append_format(&text,
                         HEAD ",\"cursor\":\"%s\",\"keys\":{\"%s\":{\"name\":\"%s\",\"cooldowns\":"
                              "[{\"class\":\"limit\",\"model\":\"%s\",\"what\":\"%s\"}]}},"
                              "\"leases\":[{\"key\":\"%s\",\"boot\":\"%s\"}]}",
                         name, name, name, name, name, name, name);
    parse_well(buffer_text(&text), &state);
    assert_int_equal(strlen(state.cursor), IDENTITY_TEXT - 1);
    for (int run = 0; run < 3; run++) {
        cool(state_touch(&state.organizations, name), CLASS_BILLING, "", 60, NOW);
        assert_non_null(record_cooling(state_find(&state.organizations, name), NULL, NOW));
        assert_int_equal(state.organizations.count, 1);
        assert_int_equal(state_find(&state.organizations, name)->cooldown_count, 1);
        reload(&state);
    }
    state_finish(&state);
    buffer_finish(&text);
}

static const char full[] = HEAD
    ",\"cursor\":\"" ID_2 "\",\"keys\":{\"" ID_1 "\":{\"name\":\"h\\u00fcte\",\"failures\":2,"
    "\"runs\":7,\"last_used\":1795209000,\"last_failed\":1795209001,\"last_class\":\"limit\","
    "\"cooldowns\":[{\"class\":\"limit\",\"model\":\"opus\",\"what\":\"x\",\"until\":1795216945,"
    "\"length\":7345}]}},\"organizations\":{\"acme\":{\"cooldowns\":[{\"class\":\"throttled\","
    "\"until\":1795209660,\"length\":60}]}},\"leases\":[{\"key\":\"" ID_1
    "\",\"pid\":42,\"start\":7,"
    "\"pid_namespace\":\"4026531836\",\"boot\":\"b\",\"since\":1795209001}],\"master_uses\":"
    "[1795209001,1795209002],\"warned_undersized\":1795209000,\"pools\":{\"openai\":{\"cursor\":"
    "\"" ID_1 "\",\"warned_undersized\":1795209000},\"GEMINI_API_KEY\":{}}}";

/* Cut anywhere: what a full disk or a kill leaves of a file. */
static void test_truncated_anywhere(void **unused)
{
    (void)unused;
    struct state state = {.lease_count = 77};
    for (size_t length = 0; length < sizeof full - 1; length++) {
        assert_int_equal(parse(full, length, &state), -EINVAL);
        assert_int_equal(state.lease_count, 77);
    }
    assert_int_equal(parse(full, sizeof full - 1, &state), 0);
    state_finish(&state);
}

/* One byte wrong anywhere: a state or none, and it can be used and written. */
static void test_spoiled_anywhere(void **unused)
{
    (void)unused;
    static const char spoilers[] = "\0{}[]\",:9e-\\ \x80";
    char copy[sizeof full];
    for (size_t i = 0; i < sizeof full - 1; i++) {
        for (size_t s = 0; s < sizeof spoilers - 1; s++) {
            struct state state;
            memcpy(copy, full, sizeof full);
            copy[i] = spoilers[s];
            int r = state_parse(copy, sizeof full - 1, &state);
            assert_true(r == 0 || r == -EINVAL || r == -ENOTSUP);
            if (r < 0)
                continue;
            state_settle(&state, NOW);
            char *text = state_print(&state);
            assert_non_null(text);
            free(text);
            state_finish(&state);
        }
    }
}

static void test_records_are_found(void **unused)
{
    (void)unused;
    enum { MANY = 500 };
    struct state state;
    char id[IDENTITY_TEXT];
    create(&state);
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "%032x", (unsigned)i * 2654435761u);
        state_touch(&state.keys, id)->runs = i;
        assert_int_equal(state_touch(&state.keys, id)->runs, i);
        if (i % 100 == 0)
            reload(&state); /* then the file's order is not the table's */
    }
    assert_int_equal(state.keys.count, MANY);
    reload(&state);
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "%032x", (unsigned)i * 2654435761u);
        assert_int_equal(state_find(&state.keys, id)->runs, i);
    }
    assert_null(state_find(&state.keys, "absent"));
    state_finish(&state);
}

/* A rest of the same class and model takes the place of the one before; others stand beside it. */
static void test_rests_of_one_kind_replace_each_other(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    struct record *record = state_touch(&state.keys, ID_1);
    cool(record, CLASS_LIMIT, "", 600, NOW);
    cool(record, CLASS_LIMIT, "opus", 900, NOW);
    cool(record, CLASS_AUTH, "", 60, NOW);
    cool(record, CLASS_LIMIT, "", 300, NOW + 10);
    assert_int_equal(record->cooldown_count, 3);
    assert_int_equal(record->cooldowns[0].until, NOW + 310);
    assert_int_equal(record->cooldowns[0].length, 300);
    state_finish(&state);
}

static void test_cooling(void **unused)
{
    (void)unused;
    static const struct {
        const char *model;
        int64_t after, until; /* seconds from now; -1: not cooling */
    } rows[] = {
        {NULL, 0, 900},
        {"claude-opus-4-8[1m]", 0, 900},
        {"Opus", 0, 900},
        {"claude-sonnet-5", 0, 300},
        {"claude-sonnet-5", 299, 300},
        {"claude-sonnet-5", 300, -1},
        {"claude-opus-4-8", 300, 900},
        {"claude-opus-4-8", 900, -1},
        {NULL, 899, 900},
        {NULL, 900, -1},
    };
    struct state state;
    create(&state);
    struct record *record = state_touch(&state.keys, ID_1);
    cool(record, CLASS_LIMIT, "opus", 900, NOW);
    cool(record, CLASS_THROTTLED, "", 300, NOW);
    cool(record, CLASS_SERVER, "", 15, NOW);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct cooldown *cooling = record_cooling(record, rows[i].model, NOW + rows[i].after);
        int64_t until = cooling ? cooling->until - NOW : -1;
        if (until != rows[i].until)
            fail_msg("row %zu: %lld", i, (long long)until);
    }
    assert_null(record_cooling(NULL, NULL, NOW));
    state_finish(&state);
}

static void test_reset(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    struct record *record = state_touch(&state.keys, ID_1);
    record->failures = 4;
    cool(record, CLASS_LIMIT, "opus", 900, NOW);
    cool(record, CLASS_AUTH, "", 900, NOW);
    reload(&state);
    record_reset((struct record *)state_find(&state.keys, ID_1));
    reload(&state);
    const struct record *found = state_find(&state.keys, ID_1);
    assert_null(record_cooling(found, NULL, NOW));
    assert_int_equal(found->failures, 0);
    state_finish(&state);
}

static void test_forgetting_one_class(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    struct record *record = state_touch(&state.keys, ID_1);
    record->failures = 4;
    record->last_class = CLASS_AUTH;
    cool(record, CLASS_LIMIT, "", 900, NOW);
    cool(record, CLASS_AUTH, "", 3600, NOW);
    assert_true(record_forget(record, CLASS_AUTH));
    assert_false(record_forget(record, CLASS_AUTH));
    assert_false(record_forget(NULL, CLASS_AUTH));
    reload(&state);
    const struct record *found = state_find(&state.keys, ID_1);
    assert_int_equal(found->cooldown_count, 1);
    assert_int_equal(record_cooling(found, NULL, NOW)->class, CLASS_LIMIT);
    assert_int_equal(found->failures, 0);
    state_finish(&state);
}

/* The failures that count are of another kind. */
static void test_forgetting_keeps_other_failures(void **unused)
{
    (void)unused;
    struct record record = {.failures = 2, .last_class = CLASS_LIMIT};
    cool(&record, CLASS_AUTH, "", 3600, NOW);
    assert_true(record_forget(&record, CLASS_AUTH));
    assert_int_equal(record.failures, 2);
    free(record.cooldowns);
}

/* `step` seconds after a rest of `length` was given, on a clock that was set: what is left of it.
 */
static void test_clock_steps(void **unused)
{
    (void)unused;
    static const struct {
        int64_t length, step, left;
    } rows[] = {
        {300, 0, 300},
        {300, 1, 299},
        {300, 299, 1},
        {300, 300, 0},
        {300, 100000, 0},
        {300, -1, 300},
        {300, -100000, 300},
        {300, TEN_YEARS, 0},
        {300, -TEN_YEARS, 300},
        {5 * DAY, TEN_YEARS, 0},
        {5 * DAY, -TEN_YEARS, 5 * DAY},
        {0, -TEN_YEARS, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct state state;
        const int64_t now = NOW + rows[i].step;
        create(&state);
        cool(state_touch(&state.keys, ID_1), CLASS_LIMIT, "", rows[i].length, NOW);
        cool(state_touch(&state.organizations, "acme"), CLASS_LIMIT, "", rows[i].length, NOW);
        reload(&state);
        state_settle(&state, now);
        reload(&state);
        const struct cooldown *own = record_cooling(state_find(&state.keys, ID_1), NULL, now);
        const struct cooldown *shared =
            record_cooling(state_find(&state.organizations, "acme"), NULL, now);
        int64_t left = own ? own->until - now : 0;
        if (left != rows[i].left || (shared ? shared->until - now : 0) != left)
            fail_msg("row %zu: %lld", i, (long long)left);
        state_finish(&state);
    }
}

/* Ten years back and forth again: nothing is locked out longer than it was to be. */
static void test_clock_steps_there_and_back(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    cool(state_touch(&state.keys, ID_1), CLASS_LIMIT, "", 300, NOW);
    state_settle(&state, NOW);
    assert_false(state.came_back);
    state_settle(&state, NOW - TEN_YEARS);
    assert_true(state.came_back);
    state_settle(&state, NOW - TEN_YEARS + 299);
    assert_non_null(record_cooling(state_find(&state.keys, ID_1), NULL, NOW - TEN_YEARS + 299));
    state_settle(&state, NOW + 10);
    assert_null(record_cooling(state_find(&state.keys, ID_1), NULL, NOW + 10));
    assert_int_equal(state_find(&state.keys, ID_1)->cooldown_count, 0);
    state_finish(&state);
}

static void test_stamps_come_back_to_now(void **unused)
{
    (void)unused;
    struct state state;
    const int64_t now = NOW - TEN_YEARS;
    create(&state);
    struct record *record = state_touch(&state.keys, ID_1);
    record->last_used = record->last_failed = record->warned_end = NOW;
    state.warned_undersized = NOW;
    struct pool_place place;
    assert_int_equal(state_pool(&state, "openai", &place), 0);
    *place.warned_undersized = NOW;
    assert_int_equal(state_add_lease(&state, &(struct lease){.key = ID_1, .since = NOW}), 0);
    assert_int_equal(state_note_master_use(&state, NOW), 0);
    reload(&state);
    state_settle(&state, now);
    reload(&state);
    assert_int_equal(state_find(&state.keys, ID_1)->last_used, now);
    assert_int_equal(state_find(&state.keys, ID_1)->last_failed, now);
    assert_int_equal(state_find(&state.keys, ID_1)->warned_end, now);
    assert_int_equal(state.warned_undersized, now);
    assert_int_equal(state.pools[0].warned_undersized, now);
    assert_int_equal(state.leases[0].since, now);
    assert_int_equal(state.master_uses[0], now);
    state_settle(&state, NOW);
    assert_int_equal(state_find(&state.keys, ID_1)->last_used, now);
    state_finish(&state);
}

static const struct owner owners[] = {
    {.pid = 10, .start = 1, .pid_namespace = 5, .boot = "a"},
    {.pid = 11, .start = 1, .pid_namespace = 5, .boot = "a"},
    {.pid = 10, .start = 2, .pid_namespace = 5, .boot = "a"},
    {.pid = 10, .start = 1, .pid_namespace = 6, .boot = "a"},
    {.pid = 10, .start = 1, .pid_namespace = 5, .boot = "b"},
};

/* A pid that was given out again, another container's and another boot's are other owners. */
static void test_owners(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(owners); i++)
        for (size_t j = 0; j < COUNT(owners); j++)
            assert_int_equal(owner_equal(&owners[i], &owners[j]), i == j);
}

static void test_dropping_leases(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    for (size_t i = 0; i < 2 * COUNT(owners); i++) {
        struct lease lease = {.key = ID_1, .owner = owners[i % COUNT(owners)]};
        assert_int_equal(state_add_lease(&state, &lease), 0);
    }
    state_drop_leases(&state, &owners[2]);
    reload(&state);
    assert_int_equal(state.lease_count, 2 * COUNT(owners) - 2);
    for (size_t i = 0; i < state.lease_count; i++)
        assert_false(owner_equal(&state.leases[i].owner, &owners[2]));
    state_drop_leases(&state, &owners[2]);
    assert_int_equal(state.lease_count, 2 * COUNT(owners) - 2);
    state_finish(&state);
}

/* A server has the leases of each run apart: a run of two kinds has two, one that waits has none
 * but its place. */
static void test_leases_of_one_owner(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"", "{}", "\"x\"", "5", "[", "[{]"};
    const struct lease leases[] = {
        {.key = ID_1, .owner = owners[0], .since = NOW},
        {.key = ID_2, .owner = owners[1], .since = NOW},
        {.key = ID_3, .owner = owners[0], .since = NOW},
        {.owner = owners[2], .since = NOW, .queue = "0123456789abcdef", .ticket = 3}};
    struct state from, to;
    create(&from);
    create(&to);
    for (size_t i = 0; i < COUNT(leases); i++)
        assert_int_equal(state_add_lease(&from, &leases[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        char *text = leases_print(&from, &owners[i]);
        assert_int_equal(leases_parse(text, strlen(text), &to), 0);
        free(text);
    }
    assert_int_equal(to.lease_count, 4);
    assert_string_equal(to.leases[0].key, ID_1);
    assert_string_equal(to.leases[1].key, ID_3);
    assert_true(owner_equal(&to.leases[1].owner, &owners[0]));
    assert_string_equal(to.leases[2].key, ID_2);
    assert_string_equal(to.leases[3].key, "");
    assert_string_equal(to.leases[3].queue, leases[3].queue);
    assert_int_equal(to.leases[3].ticket, 3);
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(leases_parse(wrong[i], strlen(wrong[i]), &to), -EINVAL);
    assert_int_equal(to.lease_count, 4);
    state_finish(&from);
    state_finish(&to);
}

static bool is_even(const struct lease *lease)
{
    return lease->owner.pid % 2 == 0;
}

static void test_pruning_leases(void **unused)
{
    (void)unused;
    struct state state;
    create(&state);
    state_prune_leases(&state, is_even);
    for (int i = 0; i < 7; i++)
        assert_int_equal(state_add_lease(&state, &(struct lease){.key = ID_1, .owner = {.pid = i}}),
                         0);
    state_prune_leases(&state, is_even);
    assert_int_equal(state.lease_count, 4);
    for (size_t i = 0; i < state.lease_count; i++)
        assert_int_equal(state.leases[i].owner.pid, 2 * i);
    state_finish(&state);
}

static void test_master_uses(void **unused)
{
    (void)unused;
    static const struct {
        int64_t since, uses;
    } rows[] = {{NOW - DAY, 3}, {NOW - 3600, 2}, {NOW - 3599, 1}, {NOW - 1, 1}, {NOW, 0}};
    struct state state;
    create(&state);
    assert_int_equal(state_note_master_use(&state, NOW - 2 * DAY), 0);
    assert_int_equal(state_note_master_use(&state, NOW - DAY), 0);
    assert_int_equal(state_note_master_use(&state, NOW - DAY + 1), 0);
    assert_int_equal(state_note_master_use(&state, NOW - 3599), 0);
    assert_int_equal(state_note_master_use(&state, NOW), 0);
    assert_int_equal(state.master_use_count, 3);
    reload(&state);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(state_master_uses_since(&state, rows[i].since), rows[i].uses);
    state_finish(&state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_state),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_unknown_fields_are_kept),
        cmocka_unit_test(test_untouched_records_stay),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_odd_fields),
        cmocka_unit_test(test_numbers_below_zero),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_spoiled_anywhere),
        cmocka_unit_test(test_records_are_found),
        cmocka_unit_test(test_rests_of_one_kind_replace_each_other),
        cmocka_unit_test(test_cooling),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_forgetting_one_class),
        cmocka_unit_test(test_forgetting_keeps_other_failures),
        cmocka_unit_test(test_clock_steps),
        cmocka_unit_test(test_clock_steps_there_and_back),
        cmocka_unit_test(test_stamps_come_back_to_now),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_dropping_leases),
        cmocka_unit_test(test_leases_of_one_owner),
        cmocka_unit_test(test_pruning_leases),
        cmocka_unit_test(test_master_uses),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
