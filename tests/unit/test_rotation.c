#include "core/state/rotation.h"

#include "base/json.h"
#include "core/pool/keyfile.h"
#include "core/pool/policy.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1795209600) /* 2026-11-20T21:20:00Z */

/* A pool with its state and clock, and the program's way of using them. */
struct pool {
    struct keyring keyring;
    struct state state;
    struct rotation rotation;
    struct policy policy;
    struct demand demand;
    int64_t now;
};

static void open_pool(struct pool *pool, const char *keys)
{
    struct keyring_report report = {0};
    *pool = (struct pool){.policy = policy_default(), .now = START};
    if (keyfile_parse(keys, strlen(keys), &pool->keyring, &report) != 0)
        fail_msg("%s: %s", keys, buffer_text(&report.errors));
    keyring_report_finish(&report);
    assert_int_equal(state_create(SALT, &pool->state), 0);
    assert_int_equal(rotation_init(&pool->rotation, &pool->keyring), 0);
}

static void close_pool(struct pool *pool)
{
    rotation_finish(&pool->rotation);
    state_finish(&pool->state);
    keyring_finish(&pool->keyring);
}

/* The state as the next run finds it: written, read, settled. */
static void next_run(struct pool *pool)
{
    char *text = state_print(&pool->state);
    assert_non_null(text);
    state_finish(&pool->state);
    assert_int_equal(state_parse(text, strlen(text), &pool->state), 0);
    free(text);
    state_settle(&pool->state, pool->now);
    for (size_t i = 0; i <= pool->rotation.count; i++)
        pool->rotation.candidates[i].tried = false;
}

static void survey(struct pool *pool)
{
    assert_int_equal(rotation_survey(&pool->rotation, &pool->state, &pool->demand, pool->now), 0);
}

static struct candidate *candidate_of(struct pool *pool, const char *name)
{
    for (size_t i = 0; i < pool->rotation.count + pool->rotation.has_master; i++)
        if (strcmp(pool->rotation.candidates[i].key->name, name) == 0)
            return &pool->rotation.candidates[i];
    fail_msg("there is no key %s", name);
    return NULL;
}

static void cool(struct pool *pool, struct record_table *table, const char *id,
                 const struct finding *finding)
{
    struct record *record = state_touch(table, id);
    int64_t seconds = policy_cooldown(&pool->policy, finding, pool->now);
    assert_non_null(record);
    assert_int_equal(record_cool(record, finding, seconds, pool->now), 0);
}

/* Puts a key to rest under the identity it has in this state. */
static void rest(struct pool *pool, const char *name, const struct finding *finding)
{
    survey(pool);
    cool(pool, &pool->state.keys, candidate_of(pool, name)->id, finding);
}

static void move_cursor(struct pool *pool, const char *id)
{
    snprintf(pool->state.cursor, sizeof pool->state.cursor, "%s", id);
}

static struct candidate *choose(struct pool *pool)
{
    survey(pool);
    struct candidate *chosen = rotation_choose(&pool->rotation, pool->state.cursor);
    if (chosen)
        move_cursor(pool, chosen->id);
    return chosen;
}

static const char *chosen_name(struct pool *pool)
{
    const struct candidate *chosen = choose(pool);
    return chosen ? chosen->key->name : "none";
}

static void note_failure(struct pool *pool, struct candidate *candidate)
{
    const struct finding finding = {.class = CLASS_LIMIT};
    char id[IDENTITY_TEXT];
    memcpy(id, candidate->id, sizeof id);
    candidate->tried = true;
    cool(pool, &pool->state.keys, id, &finding);
    if (strcmp(pool->state.cursor, id) == 0)
        move_cursor(pool, rotation_next(&pool->rotation, candidate));
}

static bool is_among(const char *name, const char *names)
{
    char word[80];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(names, word) != NULL;
}

static void add_step(struct buffer *trail, const struct candidate *candidate)
{
    buffer_append_format(trail, "%s%s", trail->length ? " " : "", candidate->key->name);
}

/* One run while the keys of `broken` (" 1 2 ") are used up: the keys it tried, in order. */
static void run(struct pool *pool, const char *broken, struct buffer *trail)
{
    next_run(pool);
    for (int i = 0; i < pool->policy.retries; i++) {
        struct candidate *chosen = choose(pool);
        if (!chosen)
            break;
        add_step(trail, chosen);
        if (!is_among(chosen->key->name, broken))
            return;
        note_failure(pool, chosen);
    }
    survey(pool);
    if (rotation_master(&pool->rotation))
        add_step(trail, rotation_master(&pool->rotation));
}

/* n keys named 1, 2, … with `more` said of each, and a master. */
static void numbered_keys(int n, const char *more, struct buffer *text)
{
    buffer_append_text(text, "{\"keys\":[");
    for (int i = 1; i <= n; i++)
        buffer_append_format(text, "%s{\"name\":\"%d\",\"token\":\"sk-ant-oat01-FAKE-%d\"%s}",
                             i > 1 ? "," : "", i, i, more);
    buffer_append_text(text, "],\"master\":{\"name\":\"master\",\"token\":\"" API_1 "\"}}");
}

static void open_numbered(struct pool *pool, int n)
{
    struct buffer text = {0};
    numbered_keys(n, "", &text);
    open_pool(pool, buffer_text(&text));
    buffer_finish(&text);
}

struct step {
    int64_t at; /* seconds after the start */
    const char *broken, *trail;
};

static void check_steps(struct pool *pool, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer trail = {0};
        pool->now = START + steps[i].at;
        run(pool, steps[i].broken, &trail);
        if (strcmp(buffer_text(&trail), steps[i].trail) != 0)
            fail_msg("at %lld: %s, not %s", (long long)steps[i].at, buffer_text(&trail),
                     steps[i].trail);
        buffer_finish(&trail);
    }
}

/* With one cooldown for all: a plain round-robin recycler. */
static void test_recycler(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, " 1 2 3 4 5 6 7 8 9 ", "1 2 3 master"},
        {5, "", "4"},
        {6, "", "4"},
        {7, " 1 2 3 ", "4"},
        {30, " 4 5 6 ", "4 5 6 master"},
        {31, "", "7"},
        {40, "", "7"},
        {58, " 7 ", "7 8"},
        {59, " 8 9 ", "8 9 master"},
        {60, "", "1"},
        {61, " 1 ", "1 2"},
        {62, " 2 3 ", "2 3 master"},
        {90, " 4 5 6 7 8 9 ", "4 5 6 master"},
        {118, "", "7"},
        {119, " 7 8 9 ", "7 8 9 master"},
        {119, "", "master"},
        {121, "", "1"},
    };
    struct pool pool;
    struct buffer error = {0};
    open_numbered(&pool, 9);
    assert_int_equal(policy_parse_cooldown(&pool.policy, "60", &error), 0);
    assert_int_equal(policy_parse_retries(&pool.policy, "3", &error), 0);
    for (size_t i = 0; i < COUNT(steps); i++)
        check_steps(&pool, &steps[i], 1);
    close_pool(&pool);
}

/* Each key that cooled is cooled again for its own time, wherever the cursor stands. */
static void test_few_keys(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {0, " 1 2 ", "1 2 master"}, {59, "", "master"}, {60, " 1 ", "1 2"}, {61, "", "2"},
        {119, " 2 ", "2 master"},   {120, "", "1"},
    };
    struct pool pool;
    struct buffer error = {0};
    open_numbered(&pool, 2);
    assert_int_equal(policy_parse_cooldown(&pool.policy, "60", &error), 0);
    check_steps(&pool, steps, COUNT(steps));
    close_pool(&pool);
}

/* A clock that is set ten years back or forth keeps nobody out longer than the cooldown. */
static void test_clock_steps(void **state)
{
    (void)state;
    static const int64_t ten_years = INT64_C(3652) * 86400;
    const struct step steps[] = {
        {0, " 1 2 ", "1 2 master"},
        {-ten_years, "", "master"},
        {-ten_years + 59, "", "master"},
        {-ten_years + 60, " 1 2 ", "1 2 master"},
        {ten_years, "", "1"},
        {ten_years + 1, " 1 ", "1 2"},
        {0, "", "2"},
        {59, " 2 ", "2 master"},
        {60, "", "1"},
    };
    struct pool pool;
    struct buffer error = {0};
    open_numbered(&pool, 2);
    assert_int_equal(policy_parse_cooldown(&pool.policy, "60", &error), 0);
    check_steps(&pool, steps, COUNT(steps));
    close_pool(&pool);
}

static void add_lease(struct pool *pool, const char *id, int64_t pid)
{
    struct lease lease = {.owner = {.pid = pid}};
    memcpy(lease.key, id, sizeof lease.key);
    assert_int_equal(state_add_lease(&pool->state, &lease), 0);
}

/* In parallel it spreads: at any moment no key has two runs more than another. */
static void test_leases_spread(void **state)
{
    (void)state;
    enum { KEYS = 10, RUNS = 100 };
    int runs[KEYS] = {0};
    struct pool pool;
    open_numbered(&pool, KEYS);
    for (int i = 0; i < RUNS; i++) {
        struct candidate *chosen = choose(&pool);
        size_t place = (size_t)(chosen - pool.rotation.candidates);
        assert_int_equal(chosen->leases, runs[place]);
        add_lease(&pool, chosen->id, i);
        runs[place]++;
        int least = RUNS, most = 0;
        for (int k = 0; k < KEYS; k++) {
            least = runs[k] < least ? runs[k] : least;
            most = runs[k] > most ? runs[k] : most;
        }
        assert_true(most - least <= 1);
    }
    for (int k = 0; k < KEYS; k++)
        assert_int_equal(runs[k], RUNS / KEYS);
    close_pool(&pool);
}

/* A lease that ended makes its key the next one; alone, a run stays on its key. */
static void test_leases_end(void **state)
{
    (void)state;
    struct pool pool;
    open_numbered(&pool, 3);
    for (int pid = 0; pid < 3; pid++)
        add_lease(&pool, choose(&pool)->id, pid);
    state_drop_leases(&pool.state, &(struct owner){.pid = 1});
    assert_string_equal(chosen_name(&pool), "2");
    assert_string_equal(chosen_name(&pool), "2");
    for (int pid = 0; pid < 3; pid++)
        state_drop_leases(&pool.state, &(struct owner){.pid = pid});
    for (int i = 0; i < 5; i++)
        assert_string_equal(chosen_name(&pool), "2");
    close_pool(&pool);
}

#define KEY(name, n, more) "{\"name\":\"" name "\",\"token\":\"sk-ant-oat01-FAKE-" n "\"" more "}"

/* The lower number comes first, a free key of a worse priority after a busy one of a better. */
static void test_priorities(void **state)
{
    (void)state;
    static const struct {
        const char *resting, *busy, *chosen;
    } rows[] = {
        {"", "", "b"},       {"", " b ", "d"},   {"", " b d ", "b"},   {" b ", "", "d"},
        {" b ", " d ", "d"}, {" b d ", "", "c"}, {" b d c ", "", "a"}, {" a b c d ", "", "none"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pool pool;
        open_pool(&pool,
                  "{\"keys\":[" KEY("a", "1", ",\"priority\":5") "," KEY(
                      "b", "2", ",\"priority\":-1") "," KEY("c", "3",
                                                            "") "," KEY("d", "4",
                                                                        ",\"priority\":-1") "]}");
        const struct finding finding = {.class = CLASS_LIMIT};
        survey(&pool);
        for (size_t k = 0; k < pool.rotation.count; k++) {
            const struct candidate *candidate = &pool.rotation.candidates[k];
            if (is_among(candidate->key->name, rows[i].busy))
                add_lease(&pool, candidate->id, 1);
            if (is_among(candidate->key->name, rows[i].resting))
                cool(&pool, &pool.state.keys, candidate->id, &finding);
        }
        const char *chosen = chosen_name(&pool);
        if (strcmp(chosen, rows[i].chosen) != 0)
            fail_msg("resting%s, busy%s: %s", rows[i].resting, rows[i].busy, chosen);
        close_pool(&pool);
    }
}

static bool is_kind(const struct kind *kind, const void *context)
{
    return kind->id == *(const enum kind_id *)context;
}

#define MIXED                                                                                      \
    "{\"keys\":[" KEY("home", "1", "") "," KEY(                                                    \
        "off", "2",                                                                                \
        ",\"disabled\":true") ","                                                                  \
                              "{\"name\":\"api\",\"token\":\"" API_2 "\"},"                        \
                              "{\"name\":\"gpt\",\"token\":\"sk-FAKE\",\"kind\":\"openai\"},"      \
                              "{\"name\":\"pass\",\"token_command\":[\"pass\"]}],"                 \
                              "\"master\":{\"name\":\"billing\",\"token\":\"" API_1 "\"}}"

/* Why each of them can or cannot be used: home, off, api, gpt, pass, billing. */
static void test_standings(void **state)
{
    (void)state;
    enum { ALL = 6 };
    static const enum kind_id api = KIND_API, openai = KIND_OPENAI;
    static const struct {
        struct demand demand;
        enum standing standings[ALL];
        const char *chosen, *master;
    } rows[] = {
        {{0},
         {STANDING_READY, STANDING_DISABLED, STANDING_READY, STANDING_READY, STANDING_READY,
          STANDING_READY},
         "home",
         "billing"},
        {{.pinned = "api"},
         {STANDING_NOT_PINNED, STANDING_NOT_PINNED, STANDING_READY, STANDING_NOT_PINNED,
          STANDING_NOT_PINNED, STANDING_NOT_PINNED},
         "api",
         "none"},
        {{.pinned = "billing"},
         {STANDING_NOT_PINNED, STANDING_NOT_PINNED, STANDING_NOT_PINNED, STANDING_NOT_PINNED,
          STANDING_NOT_PINNED, STANDING_READY},
         "none",
         "billing"},
        {{.pinned = "off"},
         {STANDING_NOT_PINNED, STANDING_DISABLED, STANDING_NOT_PINNED, STANDING_NOT_PINNED,
          STANDING_NOT_PINNED, STANDING_NOT_PINNED},
         "none",
         "none"},
        {{.pinned = "nobody"},
         {STANDING_NOT_PINNED, STANDING_NOT_PINNED, STANDING_NOT_PINNED, STANDING_NOT_PINNED,
          STANDING_NOT_PINNED, STANDING_NOT_PINNED},
         "none",
         "none"},
        /* what a command prints is not known yet: it may be of the kind asked for */
        {{.can_use = is_kind, .can_use_context = &api},
         {STANDING_WRONG_KIND, STANDING_DISABLED, STANDING_READY, STANDING_WRONG_KIND,
          STANDING_READY, STANDING_READY},
         "api",
         "billing"},
        {{.can_use = is_kind, .can_use_context = &openai},
         {STANDING_WRONG_KIND, STANDING_DISABLED, STANDING_WRONG_KIND, STANDING_READY,
          STANDING_READY, STANDING_WRONG_KIND},
         "gpt",
         "none"},
        {{.can_use = is_kind, .can_use_context = &openai, .pinned = "home"},
         {STANDING_WRONG_KIND, STANDING_NOT_PINNED, STANDING_NOT_PINNED, STANDING_NOT_PINNED,
          STANDING_NOT_PINNED, STANDING_NOT_PINNED},
         "none",
         "none"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pool pool;
        size_t ready = 0;
        open_pool(&pool, MIXED);
        pool.demand = rows[i].demand;
        survey(&pool);
        for (size_t k = 0; k < ALL; k++) {
            const struct candidate *candidate = &pool.rotation.candidates[k];
            if (candidate->standing != rows[i].standings[k])
                fail_msg("row %zu, %s: %s", i, candidate->key->name,
                         standing_name(candidate->standing));
            ready += k < ALL - 1 && candidate->standing == STANDING_READY;
        }
        const struct candidate *master = rotation_master(&pool.rotation);
        assert_int_equal(rotation_ready(&pool.rotation), ready);
        assert_string_equal(chosen_name(&pool), rows[i].chosen);
        assert_string_equal(master ? master->key->name : "none", rows[i].master);
        assert_int_equal(rotation_earliest(&pool.rotation), 0);
        close_pool(&pool);
    }
}

static void test_left_out_and_tried(void **state)
{
    (void)state;
    struct pool pool;
    open_numbered(&pool, 3);
    pool.keyring.keys[0].left_out = true;
    candidate_of(&pool, "2")->tried = true;
    candidate_of(&pool, "master")->tried = true;
    survey(&pool);
    assert_int_equal(candidate_of(&pool, "1")->standing, STANDING_LEFT_OUT);
    assert_int_equal(candidate_of(&pool, "2")->standing, STANDING_TRIED);
    assert_true(candidate_of(&pool, "2")->tried);
    assert_string_equal(chosen_name(&pool), "3");
    assert_null(rotation_master(&pool.rotation));
    close_pool(&pool);
}

/* One model's window: the key still serves the others. */
static void test_model_rests(void **state)
{
    (void)state;
    static const struct {
        const char *model, *chosen;
    } rows[] = {{"claude-opus-4-8[1m]", "2"}, {"opus", "2"}, {"claude-sonnet-5", "1"}, {NULL, "2"}};
    const struct finding finding = {
        .class = CLASS_LIMIT, .scope = SCOPE_MODEL, .model = "opus", .until = START + 5000};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pool pool;
        open_numbered(&pool, 2);
        rest(&pool, "1", &finding);
        next_run(&pool);
        pool.demand.model = rows[i].model;
        assert_string_equal(chosen_name(&pool), rows[i].chosen);
        bool cooling = candidate_of(&pool, "1")->standing == STANDING_COOLING;
        assert_int_equal(cooling, strcmp(rows[i].chosen, "2") == 0);
        assert_int_equal(rotation_earliest(&pool.rotation), cooling ? START + 5000 : 0);
        close_pool(&pool);
    }
}

/* Keys of one organization rest together, the master with them; the longer of two rests is told. */
static void test_organizations(void **state)
{
    (void)state;
    struct pool pool;
    const struct finding throttled = {.class = CLASS_THROTTLED, .scope = SCOPE_ORGANIZATION};
    const struct finding limit = {.class = CLASS_LIMIT, .until = START + 10};
    open_pool(
        &pool,
        "{\"keys\":[" KEY("a", "1", ",\"organization\":\"acme\"") "," KEY(
            "b", "2",
            ",\"organization\":\"acme\"") "," KEY("c", "3",
                                                  ",\"organization\":\"Acme\"") "," KEY("d", "4",
                                                                                        "") "],"
                                                                                            "\"mast"
                                                                                            "er\":{"
                                                                                            "\"name"
                                                                                            "\":"
                                                                                            "\"m\","
                                                                                            "\"toke"
                                                                                            "n\":"
                                                                                            "\"" API_1
                                                                                            "\","
                                                                                            "\"orga"
                                                                                            "nizati"
                                                                                            "on\":"
                                                                                            "\"acme"
                                                                                            "\"}}");
    cool(&pool, &pool.state.organizations, "acme", &throttled);
    rest(&pool, "a", &limit);
    next_run(&pool);
    assert_string_equal(chosen_name(&pool), "c");
    assert_int_equal(candidate_of(&pool, "b")->standing, STANDING_COOLING);
    assert_int_equal(candidate_of(&pool, "a")->cooling->until, START + 60);
    assert_int_equal(candidate_of(&pool, "d")->standing, STANDING_READY);
    assert_null(rotation_master(&pool.rotation));
    pool.now = START + 60;
    next_run(&pool);
    survey(&pool);
    assert_int_equal(rotation_ready(&pool.rotation), 4);
    assert_non_null(rotation_master(&pool.rotation));
    close_pool(&pool);
}

static void test_master_at_most(void **state)
{
    (void)state;
    static const struct {
        const char *at_most;
        int64_t after; /* the third use was at the start, the others 1000 s and 50000 s before */
        bool ready;
    } rows[] = {
        {"4/day", 0, true},      {"3/day", 0, false},    {"3/day", 36399, false},
        {"3/day", 36400, true},  {"3/hour", 0, true},    {"2/hour", 0, false},
        {"2/hour", 2599, false}, {"2/hour", 2600, true}, {"1/hour", 3599, false},
        {"1/hour", 3600, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pool pool;
        char text[256];
        snprintf(text, sizeof text, "{\"master\":{\"token\":\"%s\",\"at_most\":\"%s\"}}", API_1,
                 rows[i].at_most);
        open_pool(&pool, text);
        assert_int_equal(state_note_master_use(&pool.state, START - 50000), 0);
        assert_int_equal(state_note_master_use(&pool.state, START - 1000), 0);
        assert_int_equal(state_note_master_use(&pool.state, START), 0);
        pool.now = START + rows[i].after;
        next_run(&pool);
        survey(&pool);
        enum standing standing = candidate_of(&pool, "master")->standing;
        if (standing != (rows[i].ready ? STANDING_READY : STANDING_SPENT))
            fail_msg("%s after %lld: %s", rows[i].at_most, (long long)rows[i].after,
                     standing_name(standing));
        assert_int_equal(rotation_master(&pool.rotation) != NULL, rows[i].ready);
        close_pool(&pool);
    }
}

/* at_most binds the master alone. */
static void test_at_most_of_a_pool_key(void **state)
{
    (void)state;
    struct pool pool;
    open_pool(&pool, "{\"keys\":[" KEY("a", "1", ",\"at_most\":\"1/day\"") "]}");
    assert_int_equal(state_note_master_use(&pool.state, START), 0);
    assert_string_equal(chosen_name(&pool), "a");
    close_pool(&pool);
}

static void test_earliest(void **state)
{
    (void)state;
    const struct finding soon = {.class = CLASS_LIMIT, .until = START + 100};
    const struct finding late = {.class = CLASS_LIMIT, .until = START + 900};
    const struct finding later = {.class = CLASS_AUTH};
    struct pool pool;
    open_numbered(&pool, 2);
    rest(&pool, "1", &soon);
    rest(&pool, "1", &later);
    rest(&pool, "2", &late);
    rest(&pool, "master", &later);
    survey(&pool);
    /* the first key is ready only when the longer of its rests is over */
    assert_int_equal(rotation_earliest(&pool.rotation), START + 900);
    rest(&pool, "master", &(struct finding){.class = CLASS_AUTH, .until = START + 50});
    survey(&pool);
    assert_int_equal(rotation_earliest(&pool.rotation), START + 50);
    candidate_of(&pool, "master")->tried = true;
    survey(&pool);
    /* one that this run tried counts too: --wait tries it again */
    assert_int_equal(rotation_earliest(&pool.rotation), START + 50);
    close_pool(&pool);
}

/* Whether a success has anything to make good. */
static void test_trouble(void **state)
{
    (void)state;
    static const struct {
        int64_t failures;
        bool rests, trouble;
    } rows[] = {{0, false, false}, {1, false, true}, {0, true, true}, {2, true, true}};
    const struct finding limit = {.class = CLASS_LIMIT};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pool pool;
        open_numbered(&pool, 2);
        survey(&pool);
        struct candidate *candidate = candidate_of(&pool, "2");
        state_touch(&pool.state.keys, candidate->id)->failures = rows[i].failures;
        if (rows[i].rests)
            cool(&pool, &pool.state.keys, candidate->id, &limit);
        survey(&pool);
        assert_int_equal(candidate->had_trouble, rows[i].trouble);
        assert_false(candidate_of(&pool, "1")->had_trouble);
        close_pool(&pool);
    }
}

static void test_next(void **state)
{
    (void)state;
    struct pool pool;
    open_numbered(&pool, 3);
    survey(&pool);
    static const char *const next[][2] = {{"1", "2"}, {"2", "3"}, {"3", "1"}, {"master", "1"}};
    for (size_t i = 0; i < COUNT(next); i++)
        assert_string_equal(rotation_next(&pool.rotation, candidate_of(&pool, next[i][0])),
                            candidate_of(&pool, next[i][1])->id);
    close_pool(&pool);
}

/* Where the cursor stands: on a key, on none, on one that is gone from the file. */
static void test_cursor(void **state)
{
    (void)state;
    struct pool pool;
    open_numbered(&pool, 3);
    survey(&pool);
    assert_string_equal(rotation_choose(&pool.rotation, "")->key->name, "1");
    assert_string_equal(rotation_choose(&pool.rotation, "0123")->key->name, "1");
    assert_string_equal(rotation_choose(&pool.rotation, candidate_of(&pool, "3")->id)->key->name,
                        "3");
    pool.keyring.keys[2].disabled = true;
    survey(&pool);
    assert_string_equal(rotation_choose(&pool.rotation, candidate_of(&pool, "3")->id)->key->name,
                        "1");
    close_pool(&pool);
}

/* Names and order may change in the file; what is known follows the token. */
static void test_edited_file(void **state)
{
    (void)state;
    const struct finding limit = {.class = CLASS_LIMIT};
    struct pool before, after;
    open_pool(&before,
              "{\"keys\":[" KEY("a", "1", "") "," KEY("b", "2", "") "," KEY("c", "3", "") "]}");
    rest(&before, "a", &limit);
    assert_string_equal(chosen_name(&before), "b");
    open_pool(&after,
              "{\"keys\":[" KEY("x", "3", "") "," KEY("y", "1", "") "," KEY("z", "2", "") "]}");
    state_finish(&after.state);
    after.state = before.state;
    before.state = (struct state){0};
    survey(&after);
    assert_int_equal(candidate_of(&after, "y")->standing, STANDING_COOLING);
    assert_string_equal(chosen_name(&after), "z");
    close_pool(&before);
    close_pool(&after);
}

static void test_pools_without_keys(void **state)
{
    (void)state;
    struct pool pool;
    open_pool(&pool, "{\"master\":{\"token\":\"" API_1 "\"}}");
    survey(&pool);
    assert_null(rotation_choose(&pool.rotation, "anything"));
    assert_non_null(rotation_master(&pool.rotation));
    assert_int_equal(rotation_ready(&pool.rotation), 0);
    close_pool(&pool);
    open_pool(&pool, "{\"keys\":[" KEY("a", "1", "") "]}");
    survey(&pool);
    assert_null(rotation_master(&pool.rotation));
    assert_string_equal(rotation_next(&pool.rotation, candidate_of(&pool, "a")),
                        candidate_of(&pool, "a")->id);
    close_pool(&pool);
}

static void test_survey_needs_a_salt(void **state)
{
    (void)state;
    struct pool pool;
    open_numbered(&pool, 2);
    pool.state.salt[3] = 'z';
    assert_int_equal(rotation_survey(&pool.rotation, &pool.state, &pool.demand, pool.now), -EINVAL);
    close_pool(&pool);
}

/* A large pool with as many live runs is still quick to survey. */
static void test_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 2000 };
    struct pool pool;
    open_numbered(&pool, KEYS);
    survey(&pool);
    for (size_t i = 0; i < KEYS; i++)
        add_lease(&pool, pool.rotation.candidates[i].id, (int64_t)i);
    move_cursor(&pool, candidate_of(&pool, "1999")->id);
    state_drop_leases(&pool.state, &(struct owner){.pid = 700});
    assert_string_equal(chosen_name(&pool), "701");
    close_pool(&pool);
}

/* --max-per-key: a key with as many runs is passed over, whatever its priority; a pinned one too.
 */
static void test_busy(void **state)
{
    (void)state;
    struct pool pool;
    open_numbered(&pool, 3);
    pool.demand.max_per_key = 2;
    survey(&pool);
    for (int i = 0; i < 2; i++)
        add_lease(&pool, candidate_of(&pool, "1")->id, i + 1);
    add_lease(&pool, candidate_of(&pool, "2")->id, 9);
    survey(&pool);
    assert_int_equal(candidate_of(&pool, "1")->standing, STANDING_BUSY);
    assert_int_equal(candidate_of(&pool, "2")->standing, STANDING_READY);
    assert_int_equal(rotation_busy(&pool.rotation), 1);
    assert_int_equal(rotation_ready(&pool.rotation), 2);
    assert_int_equal(rotation_runs(&pool.rotation), 3);
    assert_string_equal(chosen_name(&pool), "3");
    pool.demand.pinned = "1";
    assert_string_equal(chosen_name(&pool), "none");
    pool.demand.max_per_key = 3;
    assert_string_equal(chosen_name(&pool), "1");
    rest(&pool, "2", &(struct finding){.class = CLASS_LIMIT});
    pool.demand = (struct demand){.max_per_key = 1};
    survey(&pool);
    assert_int_equal(candidate_of(&pool, "2")->standing, STANDING_COOLING);
    assert_int_equal(rotation_runs(&pool.rotation), 3); /* a run goes on while its key rests */
    close_pool(&pool);
}

/* Subscriptions count one each, API keys one an organization, those of none one each. */
static void test_capacity(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        size_t capacity, without_a;
    } rows[] = {
        {"{\"name\":\"a\",\"token\":\"" OAUTH_1 "\"},{\"name\":\"b\",\"token\":\"" OAUTH_2 "\"}", 2,
         1},
        {"{\"name\":\"a\",\"token\":\"" OAUTH_1 "\",\"organization\":\"acme\"},"
         "{\"name\":\"b\",\"token\":\"" OAUTH_2 "\",\"organization\":\"acme\"}",
         2, 1},
        {"{\"name\":\"a\",\"token\":\"" API_1 "\",\"organization\":\"acme\"},"
         "{\"name\":\"b\",\"token\":\"" API_2 "\",\"organization\":\"acme\"}",
         1, 1},
        {"{\"name\":\"a\",\"token\":\"" API_1 "\",\"organization\":\"acme\"},"
         "{\"name\":\"b\",\"token\":\"" API_2 "\",\"organization\":\"ajax\"}",
         2, 1},
        {"{\"name\":\"a\",\"token\":\"" API_1 "\"},{\"name\":\"b\",\"token\":\"" API_2 "\"}", 2, 1},
        {"{\"name\":\"a\",\"token\":\"sk-FAKE-1\",\"kind\":\"openai\",\"organization\":\"o\"},"
         "{\"name\":\"b\",\"token\":\"" API_1 "\",\"organization\":\"p\"},"
         "{\"name\":\"c\",\"token\":\"sk-FAKE-2\",\"kind\":\"openai\",\"organization\":\"o\"},"
         "{\"name\":\"d\",\"config_dir\":\"/x\"},"
         "{\"name\":\"e\",\"token\":\"" OAUTH_1 "\",\"disabled\":true}",
         3, 3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pool pool;
        struct buffer file = {0};
        buffer_append_format(&file, "{\"keys\":[%s],\"master\":{\"token\":\"" OAUTH_3 "\"}}",
                             rows[i].keys);
        open_pool(&pool, buffer_text(&file));
        survey(&pool);
        assert_int_equal(rotation_capacity(&pool.rotation), rows[i].capacity);
        rest(&pool, "a", &(struct finding){.class = CLASS_LIMIT});
        survey(&pool);
        assert_int_equal(rotation_capacity(&pool.rotation), rows[i].without_a);
        close_pool(&pool);
        buffer_finish(&file);
    }
}

static void test_standing_names(void **state)
{
    (void)state;
    for (int i = STANDING_READY; i <= STANDING_BUSY; i++)
        assert_true(strlen(standing_name((enum standing)i)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recycler),
        cmocka_unit_test(test_few_keys),
        cmocka_unit_test(test_clock_steps),
        cmocka_unit_test(test_leases_spread),
        cmocka_unit_test(test_leases_end),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_standings),
        cmocka_unit_test(test_left_out_and_tried),
        cmocka_unit_test(test_model_rests),
        cmocka_unit_test(test_organizations),
        cmocka_unit_test(test_master_at_most),
        cmocka_unit_test(test_at_most_of_a_pool_key),
        cmocka_unit_test(test_earliest),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_edited_file),
        cmocka_unit_test(test_pools_without_keys),
        cmocka_unit_test(test_survey_needs_a_salt),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_standing_names),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
