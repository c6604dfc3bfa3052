/* A list of users, from any text, is written as it was understood; who is in it may do no more than
 * what is written there. */
#include "fuzz.h"

#include "core/state/users.h"

#include <stdlib.h>
#include <string.h>

static void expect_same(const struct user *user, const struct user *again)
{
    EXPECT(strcmp(user->name, again->name) == 0 && strcmp(user->hash, again->hash) == 0);
    EXPECT(strcmp(user->models, again->models) == 0);
    EXPECT(user->created == again->created && user->expires == again->expires);
    EXPECT(user->revoked == again->revoked);
    EXPECT(user->money_per_day == again->money_per_day);
    EXPECT(user->requests_per_day == again->requests_per_day);
}

static void check(const struct user *user)
{
    EXPECT(*user->name && strlen(user->hash) == USER_HASH - 1);
    EXPECT(user->expires >= 0 && user->money_per_day >= 0 && user->requests_per_day >= 0);
    EXPECT(!user_may_enter(user, FUZZ_NOW) || !user->revoked);
    EXPECT(!user_may_enter(user, FUZZ_NOW) || user->expires == 0 || user->expires > FUZZ_NOW);
    EXPECT(*user->models || user_may_use(user, "any"));
    (void)user_may_use(user, user->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct users users, again;
    char *text = input_text(&input);
    EXPECT(users_parse(text, &users) == 0);
    char *printed = users_print(&users);
    EXPECT(printed && users_parse(printed, &again) == 0);
    EXPECT(users.count == again.count);
    for (size_t i = 0; i < users.count; i++) {
        check(&users.list[i]);
        expect_same(&users.list[i], &again.list[i]);
    }
    if (users.count > 0) {
        EXPECT(users_find(&users, users.list[0].name) == &users.list[0]);
        users_remove(&users, &users.list[0]);
        EXPECT(users.count + 1 == again.count);
    }
    (void)users_identify(&again, text, strlen(text));
    free(printed);
    free(text);
    users_finish(&users);
    users_finish(&again);
    return 0;
}
