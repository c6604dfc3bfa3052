/* What the ledger does when its store is not as it should be, and beside another process. */
#include "core/pool/keyfile.h"
#include "system/store/ledger.h"
#include "system/store/store.h"

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEYS                                                                                       \
    "{\"version\":1,\"keys\":["                                                                    \
    "{\"name\":\"home\",\"token\":\"sk-ant-oat01-FAKE-home-0001\"},"                               \
    "{\"name\":\"work\",\"token\":\"sk-ant-oat01-FAKE-work-0002\"}],"                              \
    "\"master\":{\"name\":\"bill\",\"token\":\"sk-ant-api03-FAKE-bill-0001\",\"at_most\":\"3/"     \
    "day\"}}"

#define SECOND_MS 1000
#define LATE      10 /* times as long, on a machine that has other things to do */

struct place {
    char folder[64], path[128];
    struct keyring keyring;
    struct rotation rotation;
    struct policy policy;
    struct ledger *ledger;
    struct host host;
    int reports;
    char said[512];
    int released;
};

static void note(void *context, enum report kind, const char *sentence)
{
    struct place *place = context;
    if (kind != REPORT_WARN)
        return;
    place->reports++;
    snprintf(place->said, sizeof place->said, "%s", sentence);
}

static void begin(struct place *place)
{
    struct keyring_report report = {0};
    *place = (struct place){.policy = policy_default(), .folder = "/tmp/ledger-XXXXXX"};
    place->host = (struct host){.report = note, .context = place};
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/state.json", place->folder);
    assert_int_equal(setenv("TCR_STATE", place->path, 1), 0);
    assert_int_equal(keyfile_parse(KEYS, strlen(KEYS), &place->keyring, &report), 0);
    keyring_report_finish(&report);
    assert_int_equal(rotation_init(&place->rotation, &place->keyring), 0);
}

static void open_ledger(struct place *place)
{
    assert_int_equal(ledger_open(&place->host, &place->ledger), 0);
    ledger_follow_keys(place->ledger, &place->keyring, NULL, NULL);
}

static void end(struct place *place)
{
    char command[128];
    rotation_finish(&place->rotation);
    keyring_finish(&place->keyring);
    snprintf(command, sizeof command, "rm -rf %s", place->folder);
    assert_int_equal(system(command), 0);
}

static const char *choose(struct place *place, struct slot *slot, bool fails)
{
    const struct finding finding = {
        .class = CLASS_LIMIT, .what = "session limit", .until = time(NULL) + 3600};
    struct choice choice = {.policy = &place->policy,
                            .rotation = &place->rotation,
                            .slots = slot,
                            .slot_count = 1,
                            .slot = slot,
                            .used = fails ? slot->candidate : NULL,
                            .finding = fails ? &finding : NULL,
                            .choose = true};
    ledger_choose(place->ledger, &choice);
    assert_false(choice.failed);
    return choice.chosen ? choice.chosen->key->name : "none";
}

/* What another process sees. The caller ends it. */
static struct state look(void)
{
    struct state copy;
    struct store *store = store_create(NULL, NULL);
    assert_int_equal(state_copy(store_read(store), &copy), 0);
    store_destroy(store);
    return copy;
}

/* A file of this machine is shared by no other gateway. */
static void test_a_file_takes_no_claims(void **state)
{
    (void)state;
    struct place place;
    struct claim claim = {.id = "session", .key = "key", .seconds = 60};
    bool failed = false;
    begin(&place);
    open_ledger(&place);
    assert_false(ledger_takes_claims(place.ledger));
    assert_int_equal(ledger_claim(place.ledger, &claim), 0);
    for (int i = 0; i < SECOND_MS * LATE / 10 && !failed; i++) {
        (void)poll(NULL, 0, 10);
        (void)ledger_refresh(place.ledger);
        if (ledger_next_claim(place.ledger, &claim, &failed))
            assert_true(failed);
    }
    assert_true(failed);
    assert_string_equal(claim.id, "session");
    assert_string_equal(claim.key, "key");
    assert_int_equal(strncmp(claim.name, "session:", 8), 0);
    assert_false(ledger_next_claim(place.ledger, &claim, &failed));
    /* What waits is given up with the ledger. */
    assert_int_equal(ledger_claim(place.ledger, &claim), 0);
    assert_int_equal(ledger_close(place.ledger, SECOND_MS * LATE), 0);
    end(&place);
}

static size_t count_rests(const struct state *state)
{
    size_t rests = 0;
    for (size_t i = 0; i < state->keys.count; i++)
        rests += state->keys.records[i].cooldown_count;
    return rests;
}

static bool others_see(size_t rests)
{
    struct state state = look();
    bool seen = count_rests(&state) == rests;
    state_finish(&state);
    return seen;
}

/* The loop, until that many rests are seen by others, or here. */
static void run_until(struct place *place, size_t rests, bool here)
{
    struct pollfd ready = {.fd = ledger_fd(place->ledger), .events = POLLIN};
    for (int waited = 0; waited < LATE * SECOND_MS; waited += 20) {
        if (poll(&ready, 1, 20) > 0)
            (void)ledger_refresh(place->ledger);
        if (here ? count_rests(ledger_state(place->ledger)) == rests : others_see(rests))
            return;
    }
    fail_msg("%zu rests were not seen %s", rests, here ? "here" : "by others");
}

static bool add_rest(struct state *state, int64_t now, void *context)
{
    const struct candidate *candidate = context;
    const struct finding finding = {.class = CLASS_AUTH};
    char id[IDENTITY_TEXT];
    assert_int_equal(identity_of(candidate->key, state->salt, id), 0);
    return record_cool(state_touch(&state->keys, id), &finding, 600, now) == 0;
}

static void rest_elsewhere(struct candidate *candidate)
{
    struct store *store = store_create(NULL, NULL);
    assert_int_equal(store_update(store, add_rest, candidate), 0);
    store_destroy(store);
}

/* What is found here others see, and the reverse. */
static void test_both_ways(void **unused)
{
    (void)unused;
    struct place place;
    struct slot slot = {0};
    begin(&place);
    open_ledger(&place);
    assert_string_equal(choose(&place, &slot, false), "home");
    assert_string_equal(choose(&place, &slot, true), "work");
    run_until(&place, 1, false);
    rest_elsewhere(&place.rotation.candidates[1]);
    run_until(&place, 2, true);
    assert_string_equal(choose(&place, &slot, false), "bill");
    assert_int_equal(ledger_close(place.ledger, SECOND_MS * LATE), 0);
    struct state state = look();
    assert_int_equal(state.lease_count, 0);
    assert_int_equal(state.master_use_count, 1);
    state_finish(&state);
    assert_int_equal(place.reports, 0);
    end(&place);
}

/* A store that cannot be written costs memory only: it is said once, and written when it can be. */
static void test_store_fails(void **unused)
{
    (void)unused;
    struct place place;
    struct slot slot = {0};
    begin(&place);
    /* A file where the folder should be: not even root can write there. */
    char blocked[200];
    snprintf(blocked, sizeof blocked, "%s/blocked", place.folder);
    snprintf(place.path, sizeof place.path, "%s/blocked/state.json", place.folder);
    assert_int_equal(setenv("TCR_STATE", place.path, 1), 0);
    FILE *file = fopen(blocked, "w");
    assert_non_null(file);
    (void)fclose(file);
    open_ledger(&place);
    int at_first = place.reports;
    assert_string_equal(choose(&place, &slot, false), "home");
    assert_string_equal(choose(&place, &slot, true), "work");
    struct pollfd ready = {.fd = ledger_fd(place.ledger), .events = POLLIN};
    for (int waited = 0; waited < 2500; waited += 20)
        if (poll(&ready, 1, 20) > 0)
            (void)ledger_refresh(place.ledger);
    assert_true(place.reports <= at_first + 1);
    assert_true(place.reports >= 1);
    assert_string_equal(choose(&place, &slot, false), "work"); /* home rests here */
    assert_int_equal(unlink(blocked), 0);
    assert_int_equal(mkdir(blocked, 0700), 0);
    run_until(&place, 1, false);
    assert_int_equal(ledger_close(place.ledger, SECOND_MS * LATE), 0);
    end(&place);
}

/* A state that was made anew has other identities: what is not written yet gets them. */
static void test_other_salt(void **unused)
{
    (void)unused;
    struct place place;
    struct slot slot = {0}, other = {0};
    begin(&place);
    open_ledger(&place);
    assert_string_equal(choose(&place, &slot, false), "home");
    run_until(&place, 0, false);
    (void)poll(NULL, 0, 1000);
    assert_int_equal(unlink(place.path), 0);
    rest_elsewhere(&place.rotation.candidates[1]);
    assert_string_equal(choose(&place, &slot, true), "work");
    run_until(&place, 2, false);
    run_until(&place, 2, true);
    assert_string_equal(choose(&place, &slot, false), "bill");
    assert_string_equal(choose(&place, &other, false), "bill");
    assert_int_equal(ledger_state(place.ledger)->lease_count, 1);
    assert_int_equal(ledger_state(place.ledger)->leases[0].count, 2);
    ledger_give_back(place.ledger, &place.rotation, &slot);
    assert_int_equal(ledger_state(place.ledger)->leases[0].count, 1);
    assert_int_equal(ledger_close(place.ledger, SECOND_MS * LATE), 0);
    end(&place);
}

/* Where there is no descriptor left for the file, the state is what it was. */
static void test_a_read_that_fails_forgets_nothing(void **unused)
{
    (void)unused;
    struct place place;
    struct rlimit limit;
    begin(&place);
    struct store *store = store_create(NULL, &place.host);
    assert_int_equal(store_update(store, add_rest, &place.rotation.candidates[0]), 0);
    assert_int_equal(count_rests(store_read(store)), 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, limit.rlim_max}), 0);
    const struct state *state = store_read(store);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(count_rests(state), 1);
    assert_int_equal(place.reports, 1);
    store_destroy(store);
    end(&place);
}

static void count_release(void *context)
{
    struct place *place = context;
    place->released++;
}

/* Keys that are replaced are released once the thread does not look at them any more. */
static void test_keys_are_released(void **unused)
{
    (void)unused;
    struct place place;
    begin(&place);
    assert_int_equal(ledger_open(&place.host, &place.ledger), 0);
    for (int i = 0; i < 3; i++)
        ledger_follow_keys(place.ledger, &place.keyring, count_release, &place);
    struct pollfd ready = {.fd = ledger_fd(place.ledger), .events = POLLIN};
    for (int waited = 0; waited < LATE * SECOND_MS && place.released < 2; waited += 20)
        if (poll(&ready, 1, 20) > 0)
            (void)ledger_refresh(place.ledger);
    assert_int_equal(place.released, 2);
    assert_int_equal(ledger_close(place.ledger, SECOND_MS * LATE), 0);
    assert_int_equal(place.released, 3);
    end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_takes_no_claims),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_store_fails),
        cmocka_unit_test(test_other_salt),
        cmocka_unit_test(test_a_read_that_fails_forgets_nothing),
        cmocka_unit_test(test_keys_are_released),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
