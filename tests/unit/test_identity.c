#include "core/pool/identity.h"

#include "support.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static struct key inline_key(const char *token)
{
    return (struct key){.name = "home", .source = KEY_INLINE, .token = token};
}

/* BLAKE2b of 16 bytes, keyed with the 32 bytes of the salt: what another implementation gives. */
static void test_known_answer(void **state)
{
    (void)state;
    struct key key = inline_key(OAUTH_1);
    char id[IDENTITY_TEXT];
    assert_int_equal(identity_of(&key, SALT, id), 0);
    assert_string_equal(id, "78a9f0c6ab69d58021f28904e2f484ee");
}

/* With the BLAKE2b that the processor is best at, and before one was chosen. */
static void test_known_answer_after_init(void **state)
{
    assert_true(sodium_init() >= 0);
    test_known_answer(state);
}

/* Name, place and order may change, and a token may move from the file into one of its own. */
static void test_only_the_token_counts(void **state)
{
    (void)state;
    struct key first = inline_key(OAUTH_1), second = inline_key(OAUTH_1);
    char a[IDENTITY_TEXT], b[IDENTITY_TEXT];
    second.name = "renamed";
    second.place = "keys[7]";
    second.source = KEY_FILE;
    second.token_file = "~/.secrets/home";
    second.priority = 4;
    second.organization = "acme";
    second.kind = kind_make(KIND_OAUTH);
    assert_int_equal(identity_of(&first, SALT, a), 0);
    assert_int_equal(identity_of(&second, SALT, b), 0);
    assert_string_equal(a, b);
}

static void test_salts_and_tokens_differ(void **state)
{
    (void)state;
    static const char other[] = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    struct key one = inline_key(OAUTH_1), two = inline_key(OAUTH_2);
    char a[IDENTITY_TEXT], b[IDENTITY_TEXT], c[IDENTITY_TEXT];
    assert_int_equal(identity_of(&one, SALT, a), 0);
    assert_int_equal(identity_of(&two, SALT, b), 0);
    assert_int_equal(identity_of(&one, other, c), 0);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
}

/* One token is a key at each address that it has. A key whose token is not known before it is
 * chosen goes by its command or folder; the words of a command are not run together, and no text
 * can pass for another source's. */
static void test_sources_differ(void **state)
{
    (void)state;
    static const char *const words_1[] = {"pass", "show", "x", NULL};
    static const char *const words_2[] = {"pass", "showx", NULL};
    static const char *const words_3[] = {"pass", "show", "x", "", NULL};
    static const char *const words_4[] = {"pass show x", NULL};
    const struct key keys[] = {
        {.source = KEY_COMMAND, .command = words_1},
        {.source = KEY_COMMAND, .command = words_2},
        {.source = KEY_COMMAND, .command = words_3},
        {.source = KEY_COMMAND, .command = words_4},
        {.source = KEY_CONFIG_DIR, .config_dir = "pass"},
        {.source = KEY_CONFIG_DIR, .config_dir = "~/.claude-team"},
        {.source = KEY_INLINE, .token = "pass"},
        {.source = KEY_INLINE, .token = "config_dir"},
        {.source = KEY_INLINE, .token = "command"},
        {.source = KEY_INLINE, .token = "pass", .base_url = "https://a.example"},
        {.source = KEY_INLINE, .token = "pass", .base_url = "https://b.example"},
        {.source = KEY_COMMAND, .command = words_1, .base_url = "https://a.example"},
    };
    char ids[COUNT(keys)][IDENTITY_TEXT];
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(identity_of(&keys[i], SALT, ids[i]), 0);
        for (size_t j = 0; j < i; j++)
            if (strcmp(ids[i], ids[j]) == 0)
                fail_msg("keys %zu and %zu are one", j, i);
    }
}

/* The token a command printed in this run changes nothing. */
static void test_command_goes_by_its_words(void **state)
{
    (void)state;
    static const char *const words[] = {"pass", "show", "claude/work", NULL};
    struct key key = {.source = KEY_COMMAND, .command = words};
    char before[IDENTITY_TEXT], after[IDENTITY_TEXT];
    assert_int_equal(identity_of(&key, SALT, before), 0);
    key.token = OAUTH_2;
    assert_int_equal(identity_of(&key, SALT, after), 0);
    assert_string_equal(before, after);
}

static void test_refuses_a_salt_that_is_none(void **state)
{
    (void)state;
    static const char *const salts[] = {
        "",
        "00",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
        SALT "20",
        SALT "2",
        "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "0001 2030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    };
    struct key key = inline_key(OAUTH_1);
    for (size_t i = 0; i < COUNT(salts); i++) {
        char id[IDENTITY_TEXT] = "untouched";
        if (identity_of(&key, salts[i], id) != -EINVAL)
            fail_msg("\"%s\" was taken", salts[i]);
        assert_string_equal(id, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_known_answer_after_init),
        cmocka_unit_test(test_only_the_token_counts),
        cmocka_unit_test(test_salts_and_tokens_differ),
        cmocka_unit_test(test_sources_differ),
        cmocka_unit_test(test_command_goes_by_its_words),
        cmocka_unit_test(test_refuses_a_salt_that_is_none),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
