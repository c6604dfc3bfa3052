/* When the gateway reads its keys again. Others write their files while it reads: the linker puts
 * the function below in the place of the one that reads (--wrap). */
#include "gateway/roster.h"

#include "system/keys/keysource.h"

#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/tcr-rosters.XXXXXX";
static char keys[64], token[64];
static void (*after_reading)(void);

int __real_keysource_load(const char *file, char *const *environment, struct keyring *ret_keyring,
                          struct keyring_report *report, char **ret_origin);
int __wrap_keysource_load(const char *file, char *const *environment, struct keyring *ret_keyring,
                          struct keyring_report *report, char **ret_origin);

int __wrap_keysource_load(const char *file, char *const *environment, struct keyring *ret_keyring,
                          struct keyring_report *report, char **ret_origin)
{
    int r = __real_keysource_load(file, environment, ret_keyring, report, ret_origin);
    void (*once)(void) = after_reading;
    after_reading = NULL;
    if (once)
        once();
    return r;
}

/* As editors do: another file takes the name. Its time lies back, or is that of the clock. */
static void put(const char *path, const char *text, bool old)
{
    char other[80];
    snprintf(other, sizeof other, "%s.new", path);
    int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    if (old)
        assert_int_equal(futimens(fd, (struct timespec[]){{1000, 0}, {1000, 0}}), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(rename(other, path), 0);
}

static void put_keys(const char *first, bool old)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"keys\":[{\"name\":\"a\",\"token\":\"%s\"},"
             "{\"name\":\"b\",\"token_file\":\"%s\"}]}",
             first, token);
    put(keys, text, old);
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(keys, sizeof keys, "%s/keys.json", folder);
    snprintf(token, sizeof token, "%s/token", folder);
    put_keys(OAUTH_1, true);
    put(token, OAUTH_2, true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)unlink(keys);
    (void)unlink(token);
    return rmdir(folder);
}

static struct roster *load(void)
{
    struct roster *roster = NULL;
    const struct options options = {.keys_file = keys};
    assert_int_equal(roster_load(&options, &roster), 0);
    return roster;
}

static void test_nothing_written(void **state)
{
    (void)state;
    struct roster *roster = load();
    assert_false(roster_is_stale(roster));
    roster_release(roster);
}

static void write_keys(void)
{
    put_keys(OAUTH_3, true); /* of the same time and length */
}

static void write_token(void)
{
    put(token, OAUTH_3, false);
}

static void test_written_later(void **state)
{
    (void)state;
    void (*const writers[])(void) = {write_keys, write_token};
    for (size_t i = 0; i < COUNT(writers); i++) {
        struct roster *roster = load();
        writers[i]();
        assert_true(roster_is_stale(roster));
        roster_look(roster);
        assert_false(roster_is_stale(roster));
        roster_release(roster);
    }
}

static void test_written_while_it_reads(void **state)
{
    (void)state;
    void (*const writers[])(void) = {write_keys, write_token};
    for (size_t i = 0; i < COUNT(writers); i++) {
        after_reading = writers[i];
        struct roster *roster = load();
        assert_true(roster_is_stale(roster));
        roster_release(roster);
    }
}

static void test_file_that_goes(void **state)
{
    (void)state;
    struct roster *roster = load();
    assert_int_equal(unlink(token), 0);
    assert_true(roster_is_stale(roster));
    roster_look(roster);
    assert_false(roster_is_stale(roster));
    put(token, OAUTH_2, true);
    assert_true(roster_is_stale(roster));
    roster_release(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_written, begin, end),
        cmocka_unit_test_setup_teardown(test_written_later, begin, end),
        cmocka_unit_test_setup_teardown(test_written_while_it_reads, begin, end),
        cmocka_unit_test_setup_teardown(test_file_that_goes, begin, end),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
