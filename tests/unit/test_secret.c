#include "base/secret.h"

#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_redacts(void **state)
{
    (void)state;
    static const struct {
        const char *token, *shown;
    } rows[] = {
        {"sk-ant-oat01-FAKEFAKEFAKEFAKEx9Qa", "sk-ant-oat01-…x9Qa"},
        {"sk-ant-api03-FAKEFAKEFAKEFAKE-0001", "sk-ant-api03-…0001"},
        {OAUTH_1, "sk-ant-oat01-…0001"},
        {"key_FAKEFAKEFAKEFAKE1234", "…1234"},
        {"FAKEFAKEFAKEFAKEFAKEwxyz", "…wxyz"},
        /* nothing that is shown may leave fewer than eight characters to guess */
        {"sk-ant-oat01-FAKEx9Qa", "sk-ant-…x9Qa"},
        {"FAKEFAKEFAKEwxyz", "…wxyz"},
        {"FAKEFAKEFAKEwxy", "…"},
        {"", "…"},
        {"FAKE", "…"},
        {"sk-ant-oat01-", "…"},
        {"sk-ant-oat01-FA", "…"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char shown[SECRET_REDACTED];
        secret_redact(rows[i].token, shown);
        assert_string_equal(shown, rows[i].shown);
    }
}

/* Whatever the token, its middle is not shown, and the text fits. */
static void test_redacted_hides_most(void **state)
{
    (void)state;
    char token[300], shown[SECRET_REDACTED];
    for (size_t length = 0; length < sizeof token; length++) {
        for (size_t i = 0; i < length; i++)
            token[i] = i % 5 == 4 ? '-' : (char)('a' + i % 23);
        token[length] = '\0';
        memset(shown, 'x', sizeof shown);
        secret_redact(token, shown);
        assert_non_null(memchr(shown, '\0', sizeof shown));
        if (strlen(shown) - strlen("…") + 8 > length && strcmp(shown, "…") != 0)
            fail_msg("%s shows too much of %s", shown, token);
    }
}

static void test_masks_tokens_in_messages(void **state)
{
    (void)state;
    static const struct {
        const char *text, *masked;
    } rows[] = {
        {"", ""},
        {"no token", "no token"},
        {"sk-ant-oat01-FAKE-home-0001", "sk-ant-..."},
        {"a sk-ant-oat01-FAKE-home-0001, b", "a sk-ant-..., b"},
        {"xsk-ant-oat01-FAKE-home-0001sk-ant-", "xsk-ant-..."},
        {"sk-ant-oat01 or sk-ant-api03", "sk-ant-oat01 or sk-ant-api03"},
        {"\"sk-proj-FAKE-one-0001\" sk-svcacct-FAKE-one-0001", "\"sk-proj-...\" sk-svcacct-..."},
        {"=sk-FAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKE/", "=sk-.../"},
        {"task-based-and-other-things-that-are-none", "task-based-and-other-things-that-are-none"},
        {"key_FAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKE", "key_..."},
        {"key_file", "key_file"},
        {"a_key_file_whose_name_is_longer_than_all", "a_key_file_whose_name_is_longer_than_all"},
        {"sk-", "sk-"},
        {"sk-ant-", "sk-ant-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        size_t length = strlen(rows[i].text);
        memcpy(text, rows[i].text, length);
        text[secret_mask(text, length)] = '\0';
        assert_string_equal(text, rows[i].masked);
    }
}

static void test_store_keeps_all(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static const char *kept[MANY];
    struct secret_store *store = secret_store_create();
    char token[64];
    for (int i = 0; i < MANY; i++) {
        int length = snprintf(token, sizeof token, "sk-ant-oat01-FAKE-%0*d", i % 40 + 1, i);
        kept[i] = secret_store_add(store, token, (size_t)length);
        assert_non_null(kept[i]);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(token, sizeof token, "sk-ant-oat01-FAKE-%0*d", i % 40 + 1, i);
        assert_string_equal(kept[i], token);
    }
    secret_store_destroy(store);
}

/* Around the size of a block: what is in it must neither overlap nor leave it. */
static void test_store_takes_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 100000, 3};
    static char bytes[100000];
    const char *kept[COUNT(sizes)];
    struct secret_store *store = secret_store_create();
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(bytes, (int)('a' + i), sizeof bytes);
        kept[i] = secret_store_add(store, bytes, sizes[i]);
        assert_non_null(kept[i]);
    }
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(bytes, (int)('a' + i), sizeof bytes);
        assert_int_equal(strlen(kept[i]), sizes[i]);
        assert_memory_equal(kept[i], bytes, sizes[i]);
    }
    secret_store_destroy(store);
}

/* No room is left for the NUL: it must not stand behind the block. */
static void test_store_fills_a_block_to_its_end(void **state)
{
    (void)state;
    static char bytes[4096];
    memset(bytes, 'x', sizeof bytes);
    for (size_t length = 4090; length <= sizeof bytes; length++) {
        struct secret_store *store = secret_store_create();
        const char *first = secret_store_add(store, "", 0);
        const char *second = secret_store_add(store, bytes, length);
        assert_string_equal(first, "");
        assert_int_equal(strlen(second), length);
        secret_store_destroy(store);
    }
}

static void test_nothing_to_free(void **state)
{
    (void)state;
    secret_store_destroy(NULL);
    secret_store_destroy(secret_store_create());
    secret_free(NULL);
}

static void test_alloc_is_writable(void **state)
{
    (void)state;
    char *bytes = secret_alloc(5000);
    assert_non_null(bytes);
    memset(bytes, 'x', 5000);
    secret_free(bytes);
}

/* A block that was given back may be handed out again: nothing may be left in it. */
static void test_blocks_are_wiped_between_uses(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 4000, 4096, 20000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *first = secret_alloc(sizes[i]);
        memset(first, 'x', sizes[i]);
        secret_free(first);
        char *second = secret_alloc(sizes[i]);
        assert_null(memchr(second, 'x', sizes[i]));
        secret_free(second);
        struct secret_store *store = secret_store_create();
        const char *kept = secret_store_add(store, "", 0);
        assert_null(memchr(kept, 'x', 1));
        secret_store_destroy(store);
    }
}

static void test_many_stores_one_after_the_other(void **state)
{
    (void)state;
    enum { STORES = 50, AT_ONCE = 7 };
    struct secret_store *stores[AT_ONCE] = {NULL};
    const char *kept[AT_ONCE];
    for (int i = 0; i < STORES; i++) {
        if (stores[i % AT_ONCE])
            assert_string_equal(kept[i % AT_ONCE], OAUTH_1);
        secret_store_destroy(stores[i % AT_ONCE]);
        stores[i % AT_ONCE] = secret_store_create();
        kept[i % AT_ONCE] = secret_store_add(stores[i % AT_ONCE], OAUTH_1, strlen(OAUTH_1));
    }
    for (int i = 0; i < AT_ONCE; i++)
        secret_store_destroy(stores[i]);
}

/* The flags of the mapping that holds this byte, from /proc/self/smaps. */
static void read_flags(const char *byte, char *ret_flags, size_t size)
{
    char line[512];
    bool inside = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    *ret_flags = '\0';
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)byte >= from && (uintptr_t)byte < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(ret_flags, size, "%s", line + 8);
    }
    (void)fclose(maps);
}

static void assert_flag(const char *byte, const char *flag, bool expected)
{
    char flags[512];
    read_flags(byte, flags, sizeof flags);
    if ((strstr(flags, flag) != NULL) != expected)
        fail_msg("%s is%s among the flags:%s", flag, expected ? " not" : "", flags);
}

/* The address sanitizer leaves the call out. */
static bool can_lock(void)
{
#ifdef __SANITIZE_ADDRESS__
    return false;
#else
    struct rlimit most;
    return getrlimit(RLIMIT_MEMLOCK, &most) == 0 && most.rlim_cur > 65536;
#endif
}

static void test_locked_and_in_no_core_dump(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 5000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *bytes = secret_alloc(sizes[i]);
        assert_flag(bytes, " dd", true);
        if (can_lock())
            assert_flag(bytes, " lo", true);
        secret_free(bytes);
    }
}

static void test_guarded_on_both_sides(void **state)
{
    (void)state;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *bytes = secret_alloc(5 * page);
    assert_flag(bytes, " wr", true);
    assert_flag(bytes - page, " rd", false);
    assert_flag(bytes + 5 * page, " wr", true); /* what the header pushed there */
    assert_flag(bytes + 6 * page, " rd", false);
    secret_free(bytes);
}

static void test_wipes(void **state)
{
    (void)state;
    static const char zeros[8];
    char bytes[10] = "123456789";
    secret_wipe(bytes + 1, 8);
    assert_int_equal(bytes[0], '1');
    assert_memory_equal(bytes + 1, zeros, 8);
}

static void *take_one(void *context)
{
    (void)context;
    return secret_alloc(48);
}

/* Threads share no list of blocks: two would take the same one now and then. */
static void test_threads(void **state)
{
    (void)state;
    pthread_t thread;
    void *other;
    char *ours = secret_alloc(48);
    secret_free(ours); /* the first that this thread would get again */
    assert_int_equal(pthread_create(&thread, NULL, take_one, NULL), 0);
    assert_int_equal(pthread_join(thread, &other), 0);
    assert_non_null(other);
    assert_ptr_not_equal(other, ours);
    memset(other, 'x', 48);
    secret_free(other); /* by a thread that did not take it */
    char *again = secret_alloc(48);
    assert_non_null(again);
    assert_int_equal(again[0], 0);
    secret_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redacts),
        cmocka_unit_test(test_redacted_hides_most),
        cmocka_unit_test(test_masks_tokens_in_messages),
        cmocka_unit_test(test_store_keeps_all),
        cmocka_unit_test(test_store_takes_any_size),
        cmocka_unit_test(test_store_fills_a_block_to_its_end),
        cmocka_unit_test(test_nothing_to_free),
        cmocka_unit_test(test_alloc_is_writable),
        cmocka_unit_test(test_blocks_are_wiped_between_uses),
        cmocka_unit_test(test_many_stores_one_after_the_other),
        cmocka_unit_test(test_locked_and_in_no_core_dump),
        cmocka_unit_test(test_guarded_on_both_sides),
        cmocka_unit_test(test_wipes),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
