#include "core/state/users.h"

#include "core/state/state.h"
#include "support.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct user user_of(const char *name, const char *key, const char *models)
{
    struct user user = {.created = 1};
    strcpy(user.name, name);
    strcpy(user.models, models);
    user_hash(key, strlen(key), user.hash);
    return user;
}

static void they_are_known_by_their_keys(void **state)
{
    (void)state;
    struct users users = {0};
    struct user anna = user_of("anna", "FAKE-key-of-anna", "claude-sonnet-*,gpt-5");
    struct user bert = user_of("bert", "FAKE-key-of-bert", "");
    assert_int_equal(users_add(&users, &anna), 0);
    assert_int_equal(users_add(&users, &bert), 0);
    assert_string_equal(users_identify(&users, "FAKE-key-of-bert", 16)->name, "bert");
    assert_null(users_identify(&users, "FAKE-key-of-bert", 15));
    assert_null(users_identify(&users, "", 0));
    assert_true(user_may_use(&anna, "claude-sonnet-5"));
    assert_true(user_may_use(&anna, "gpt-5"));
    assert_false(user_may_use(&anna, "gpt-5.4"));
    assert_false(user_may_use(&anna, ""));
    assert_true(user_may_use(&bert, "anything"));
    users_remove(&users, users_find(&users, "anna"));
    assert_int_equal(users.count, 1);
    assert_null(users_find(&users, "anna"));
    users_finish(&users);
}

static void an_end_and_a_revocation_count(void **state)
{
    (void)state;
    struct user user = user_of("anna", "FAKE", "");
    assert_true(user_may_enter(&user, 1000));
    user.expires = 1000;
    assert_true(user_may_enter(&user, 999));
    assert_false(user_may_enter(&user, 1000));
    user.expires = 0;
    user.revoked = true;
    assert_false(user_may_enter(&user, 1));
}

/* In the state they stay as they are, whoever writes it, and copies have them too. */
static void the_state_keeps_them(void **context)
{
    (void)context;
    struct users users = {0}, again;
    struct state state, copy, read;
    struct user anna = user_of("an\"na", "FAKE", "a-*");
    anna.money_per_day = 5;
    anna.requests_per_day = 6;
    anna.revoked = true;
    anna.expires = 77;
    assert_int_equal(users_add(&users, &anna), 0);
    assert_int_equal(state_create(SALT, &state), 0);
    state_set_users(&state, users_print(&users));
    users_finish(&users);
    assert_int_equal(state_copy(&state, &copy), 0);
    state_finish(&state);
    char *text = state_print(&copy);
    assert_non_null(text);
    state_finish(&copy);
    assert_int_equal(state_parse(text, strlen(text), &read), 0);
    free(text);
    assert_int_equal(users_parse(read.users, &again), 0);
    assert_int_equal(again.count, 1);
    assert_memory_equal(&again.list[0], &anna, sizeof anna);
    users_finish(&again);
    state_finish(&read);
}

static void what_is_not_understood_holds_nobody(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "[", "[5]", "[{\"name\":\"a\"}]",
                                        "[{\"name\":\"a\",\"hash\":\"12\"}]"};
    struct users users;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(users_parse(texts[i], &users), 0);
        assert_int_equal(users.count, 0);
        users_finish(&users);
    }
}

/* As somebody may have written it by hand: nothing that was meant as a limit is left out. */
static void what_is_not_understood_of_a_user_revokes_it(void **state)
{
    (void)state;
    static const char *const fields[] = {"\"expires\":\"2020-01-01\"",
                                         "\"expires\":-1",
                                         "\"revoked\":\"yes\"",
                                         "\"revoked\":1",
                                         "\"models\":[\"a\"]",
                                         "\"requests_per_day\":\"5\"",
                                         "\"requests_per_day\":2.5",
                                         "\"money_per_day\":\"$5\"",
                                         "\"money_per_day\":-1",
                                         "\"requests_per_day\":1e300",
                                         "\"models\":null"};
    struct user anna = user_of("anna", "FAKE", "");
    struct users users;
    char text[512];
    for (size_t i = 0; i <= COUNT(fields); i++) {
        snprintf(text, sizeof text, "[{\"name\":\"anna\",\"hash\":\"%s\",%s}]", anna.hash,
                 i < COUNT(fields) ? fields[i] : "\"revoked\":false,\"later\":[]");
        assert_int_equal(users_parse(text, &users), 0);
        assert_int_equal(users.count, 1);
        if (user_may_enter(users.list, 1) != (i == COUNT(fields)))
            fail_msg("%s", text);
        users_finish(&users);
    }
    char long_models[600];
    snprintf(long_models, sizeof long_models,
             "[{\"name\":\"anna\",\"hash\":\"%s\",\"models\":\"%0300d\"}]", anna.hash, 0);
    assert_int_equal(users_parse(long_models, &users), 0);
    assert_false(user_may_enter(users.list, 1));
    users_finish(&users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_known_by_their_keys),
        cmocka_unit_test(an_end_and_a_revocation_count),
        cmocka_unit_test(the_state_keeps_them),
        cmocka_unit_test(what_is_not_understood_holds_nobody),
        cmocka_unit_test(what_is_not_understood_of_a_user_revokes_it),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
