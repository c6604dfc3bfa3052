/* Read, printed and read again a state is the same, also after what a run does to it. Of bytes that
 * are no UTF-8 this is not asked: printing repairs them. */
#include "fuzz.h"

#include "base/json.h"
#include "base/text.h"
#include "core/state/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* cJSON prints 15 digits where they are nearly right, so a larger number may change by a few. No
 * time, pid or count is that large. */
#define EXACT_MOST INT64_C(1000000000000000)

static bool numbers_equal(int64_t a, int64_t b)
{
    return a == b || (a > EXACT_MOST && b > EXACT_MOST && llabs(a - b) < 16);
}

static void compare_cooldowns(const struct record *a, const struct record *b)
{
    EXPECT(a->cooldown_count == b->cooldown_count);
    for (size_t i = 0; i < a->cooldown_count; i++) {
        const struct cooldown *left = &a->cooldowns[i], *right = &b->cooldowns[i];
        EXPECT(left->class == right->class);
        EXPECT(strcmp(left->model, right->model) == 0 && strcmp(left->what, right->what) == 0);
        EXPECT(numbers_equal(left->until, right->until) && left->length == right->length);
    }
}

static void compare_tables(const struct record_table *left, const struct record_table *right)
{
    EXPECT(left->count == right->count);
    for (size_t i = 0; i < left->count; i++) {
        const struct record *a = &left->records[i], *b = &right->records[i];
        EXPECT(strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0);
        EXPECT(numbers_equal(a->failures, b->failures) && numbers_equal(a->runs, b->runs));
        EXPECT(numbers_equal(a->last_used, b->last_used));
        EXPECT(numbers_equal(a->last_failed, b->last_failed));
        EXPECT(a->last_class == b->last_class);
        compare_cooldowns(a, b);
    }
}

static void compare_leases(const struct state *left, const struct state *right)
{
    EXPECT(left->lease_count == right->lease_count);
    for (size_t i = 0; i < left->lease_count; i++) {
        const struct lease *a = &left->leases[i], *b = &right->leases[i];
        EXPECT(strcmp(a->key, b->key) == 0 && strcmp(a->owner.boot, b->owner.boot) == 0);
        EXPECT(numbers_equal(a->owner.pid, b->owner.pid));
        EXPECT(numbers_equal(a->owner.start, b->owner.start));
        EXPECT(a->owner.pid_namespace == b->owner.pid_namespace);
        EXPECT(numbers_equal(a->since, b->since));
        EXPECT(numbers_equal(a->ticket, b->ticket));
        EXPECT(a->ticket == 0 || strcmp(a->queue, b->queue) == 0);
    }
}

static void compare_pools(const struct state *left, const struct state *right)
{
    EXPECT(left->pool_count == right->pool_count);
    for (size_t i = 0; i < left->pool_count; i++) {
        const struct pool_mark *a = &left->pools[i], *b = &right->pools[i];
        EXPECT(strcmp(a->kind, b->kind) == 0 && strcmp(a->cursor, b->cursor) == 0);
        EXPECT(numbers_equal(a->warned_undersized, b->warned_undersized));
    }
}

static void compare(const struct state *left, const struct state *right)
{
    EXPECT(strcmp(left->salt, right->salt) == 0 && strcmp(left->cursor, right->cursor) == 0);
    EXPECT(numbers_equal(left->warned_undersized, right->warned_undersized));
    EXPECT(left->master_use_count == right->master_use_count);
    for (size_t i = 0; i < left->master_use_count; i++)
        EXPECT(left->master_uses[i] == right->master_uses[i]);
    compare_pools(left, right);
    compare_tables(&left->keys, &right->keys);
    compare_tables(&left->organizations, &right->organizations);
    compare_leases(left, right);
}

/* Names of members as deep as one: a version to come may have put them there. */
static void check_kept(const char *before, size_t length, const char *after)
{
    CLEANUP_JSON cJSON *old = json_parse(before, length, NULL);
    CLEANUP_JSON cJSON *new = json_parse(after, strlen(after), NULL);
    const cJSON *item;
    cJSON_ArrayForEach (item, old)
        EXPECT(json_get(new, item->string) != NULL);
}

static bool is_utf8(const char *text, size_t length)
{
    uint32_t code;
    size_t step = 1;
    for (; length > 0 && step > 0; text += step, length -= step)
        step = text_character(text, length, &code);
    return step > 0;
}

static void print_and_compare(struct state *state, const char *text, size_t length)
{
    struct state again;
    char *printed = state_print(state);
    EXPECT(printed != NULL);
    size_t size = strlen(printed);
    char *copy = fuzz_copy(printed, size);
    EXPECT(state_parse(copy, size, &again) == 0);
    if (is_utf8(text, length)) {
        compare(state, &again);
        check_kept(text, length, printed);
    }
    free(copy);
    state_finish(&again);
    free(printed);
}

static bool is_even(const struct lease *lease)
{
    return lease->owner.pid % 2 == 0;
}

/* What runs do: a failure, a success, a lease, the master. */
static void use(struct state *state)
{
    static const struct finding finding = {
        .class = CLASS_LIMIT, .scope = SCOPE_MODEL, .model = "opus", .what = "weekly Opus limit"};
    const char *id = state->keys.count > 0 ? state->keys.records[state->keys.count / 2].id : "one";
    char name[sizeof state->keys.records->id];
    memcpy(name, id, strlen(id) + 1);
    state_settle(state, FUZZ_NOW);
    state_prune_leases(state, is_even);
    struct record *record = state_touch(&state->keys, name);
    EXPECT(record && record_cool(record, &finding, 300, FUZZ_NOW) == 0);
    EXPECT(record_cooling(record, "opus", FUZZ_NOW) != NULL);
    record = state_touch(&state->organizations, "an organization");
    EXPECT(record != NULL);
    record_reset(record);
    const struct lease lease = {
        .key = "a key", .owner = {.pid = 7, .boot = "b"}, .since = FUZZ_NOW};
    EXPECT(state_add_lease(state, &lease) == 0);
    EXPECT(state_note_master_use(state, FUZZ_NOW) == 0);
    EXPECT(state_master_uses_since(state, FUZZ_NOW - 1) >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state state = {.lease_count = 77};
    char *text = fuzz_copy((const char *)data, size);
    int r = state_parse(text, size, &state);
    if (r < 0) {
        EXPECT((r == -EINVAL || r == -ENOTSUP) && state.lease_count == 77);
    } else {
        print_and_compare(&state, text, size);
        use(&state);
        print_and_compare(&state, text, size);
        state_finish(&state);
    }
    free(text);
    return 0;
}
