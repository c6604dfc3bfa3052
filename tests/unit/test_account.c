#include "core/show/account.h"

#include "support.h"

#define NOW INT64_C(1795209600)

static const struct row {
    enum account_state state;
    enum standing standing;
    enum failure_class class; /* of the rest */
    bool disabled, ended;
    int64_t refresh_ended, expires;
    enum key_source source;
} rows[] = {
    {ACCOUNT_AVAILABLE, STANDING_READY, CLASS_NONE, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_AVAILABLE, STANDING_BUSY, CLASS_NONE, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_RATE_LIMITED, STANDING_COOLING, CLASS_LIMIT, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_RATE_LIMITED, STANDING_COOLING, CLASS_THROTTLED, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_RATE_LIMITED, STANDING_COOLING, CLASS_BILLING, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_RATE_LIMITED, STANDING_COOLING, CLASS_SERVER, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_RATE_LIMITED, STANDING_SPENT, CLASS_NONE, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_AUTH_ERROR, STANDING_COOLING, CLASS_AUTH, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_AUTH_ERROR, STANDING_COOLING, CLASS_FORBIDDEN, false, false, 0, 0, KEY_INLINE},
    {ACCOUNT_AUTH_ERROR, STANDING_READY, CLASS_NONE, false, true, 0, 0, KEY_INLINE},
    {ACCOUNT_AVAILABLE, STANDING_READY, CLASS_NONE, false, false, NOW - 9, NOW + 9, KEY_INLINE},
    {ACCOUNT_AUTH_ERROR, STANDING_READY, CLASS_NONE, false, false, NOW - 9, NOW, KEY_INLINE},
    {ACCOUNT_AUTH_ERROR, STANDING_READY, CLASS_NONE, false, false, NOW - 9, 0, KEY_CONFIG_DIR},
    {ACCOUNT_AVAILABLE, STANDING_READY, CLASS_NONE, false, false, 0, 0, KEY_CONFIG_DIR},
    {ACCOUNT_DISABLED, STANDING_DISABLED, CLASS_NONE, true, false, 0, 0, KEY_INLINE},
    {ACCOUNT_DISABLED, STANDING_COOLING, CLASS_AUTH, true, false, 0, 0, KEY_INLINE},
    {ACCOUNT_DISABLED, STANDING_LEFT_OUT, CLASS_NONE, false, false, 0, 0, KEY_INLINE},
};

static void test_states(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct key key = {.disabled = row->disabled,
                          .source = row->source,
                          .refresh_ended = row->refresh_ended,
                          .expires = row->expires};
        struct cooldown cooling = {.class = row->class, .until = NOW + 60};
        struct candidate candidate = {.key = &key,
                                      .standing = row->standing,
                                      .cooling = row->class != CLASS_NONE ? &cooling : NULL,
                                      .ended = row->ended};
        assert_string_equal(account_state_name(account_state_of(&candidate, NOW)),
                            account_state_name(row->state));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_states)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
