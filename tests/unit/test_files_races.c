/* What others do between two system calls of ours. The linker puts the functions below in the place
 * of the C library's (--wrap). */
#include "system/files.h"
#include "system/store/lockfile.h"
#include "system/store/store_file.h"

#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_EVENTS (1024 * 1024 + 1)

static char folder[] = "/tmp/tcr-races.XXXXXX";
static int folder_fd = -1;
static char calls[64];
static void (*before_flock)(void);

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);

static void note_call(const char *name)
{
    strncat(calls, name, sizeof calls - strlen(calls) - 1);
}

int __wrap_flock(int fd, int operation)
{
    void (*once)(void) = before_flock;
    before_flock = NULL;
    if (once)
        once();
    return __real_flock(fd, operation);
}

int __wrap_fsync(int fd)
{
    note_call("fsync ");
    return __real_fsync(fd);
}

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    note_call("renameat ");
    return __real_renameat(from_folder, from, to_folder, to);
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    calls[0] = '\0';
    before_flock = NULL;
    return folder_fd < 0;
}

static int end(void **state)
{
    static const char *const names[] = {"lock", "events.jsonl", "events.jsonl.1", "state.json",
                                        "keys.json"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        (void)unlinkat(folder_fd, names[i], 0);
    (void)close(folder_fd);
    return rmdir(folder);
}

static int make_file(const char *name, off_t size)
{
    int fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    return fd;
}

static off_t size_of(const char *name)
{
    struct stat status;
    return fstatat(folder_fd, name, &status, 0) == 0 ? status.st_size : -1;
}

/* ---- the lock ---- */

/* Somebody removes the file while it is waited for, another run makes a new one, and the holder of
 * the old one lets go. */
static int remove_while_waiting(void *context)
{
    int *holder = context;
    if (*holder >= 0) {
        assert_int_equal(unlinkat(folder_fd, "lock", 0), 0);
        (void)close(make_file("lock", 0));
        (void)close(*holder);
    }
    *holder = -1;
    return false;
}

static void test_the_lock_is_that_of_the_file_with_the_name(void **state)
{
    (void)state;
    int taken = -1, holder = make_file("lock", 0);
    const struct host host = {.interrupted = remove_while_waiting, .context = &holder};
    struct stat locked, named;
    assert_int_equal(__real_flock(holder, LOCK_EX), 0);
    assert_int_equal(lockfile_take(folder_fd, "lock", 10000000, &host, &taken), 0);
    assert_int_equal(holder, -1);
    assert_int_equal(fstat(taken, &locked), 0);
    assert_int_equal(fstatat(folder_fd, "lock", &named, 0), 0);
    assert_int_equal(locked.st_ino, named.st_ino);
    (void)close(taken);
}

/* ---- the events ---- */

static void log_one(void)
{
    char *path;
    assert_true(asprintf(&path, "%s/state.json", folder) > 0);
    struct store_file *file = store_file_create(path, "events.jsonl", NULL);
    assert_non_null(file);
    store_file_log_event(file, "{}\n");
    store_file_destroy(file);
}

static void test_long_events_are_put_aside(void **state)
{
    (void)state;
    (void)close(make_file("events.jsonl", LONG_EVENTS));
    log_one();
    assert_int_equal(size_of("events.jsonl.1"), LONG_EVENTS + 3);
    assert_int_equal(size_of("events.jsonl"), -1);
}

/* Between our look at the length and our lock. */
static void rotate_as_another(void)
{
    assert_int_equal(__real_renameat(folder_fd, "events.jsonl", folder_fd, "events.jsonl.1"), 0);
    (void)close(make_file("events.jsonl", 5));
}

static void test_another_put_them_aside_before(void **state)
{
    (void)state;
    (void)close(make_file("events.jsonl", LONG_EVENTS));
    before_flock = rotate_as_another;
    log_one();
    assert_null(before_flock);
    assert_int_equal(size_of("events.jsonl.1"), LONG_EVENTS + 3);
    assert_int_equal(size_of("events.jsonl"), 5);
}

static void test_another_is_putting_them_aside(void **state)
{
    (void)state;
    int other = make_file("events.jsonl", LONG_EVENTS);
    assert_int_equal(__real_flock(other, LOCK_EX), 0);
    log_one();
    assert_string_equal(calls, "");
    assert_int_equal(size_of("events.jsonl"), LONG_EVENTS + 3);
    (void)close(other);
}

/* ---- the key file ---- */

static void test_keys_are_on_the_disk_before_they_have_the_name(void **state)
{
    (void)state;
    assert_int_equal(files_replace(folder_fd, "keys.json", "{}", 2), 0);
    assert_string_equal(calls, "fsync renameat ");
    assert_int_equal(size_of("keys.json"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_lock_is_that_of_the_file_with_the_name),
        TEST(test_long_events_are_put_aside),
        TEST(test_another_put_them_aside_before),
        TEST(test_another_is_putting_them_aside),
        TEST(test_keys_are_on_the_disk_before_they_have_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
