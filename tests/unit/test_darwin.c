/* What is decided in macOS's ways, with a system that is played. */
#include "../../src/system/process/facts_darwin.c"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* ---- processes ---- */

#define GROUP    70
#define TERMINAL 16

enum { EMULATOR = 300, SHELL = 301, ELSEWHERE = 302, ENDED = 303, STOPPED = 304, NOBODY = 305 };

static struct kinfo_proc self;

static struct kinfo_proc of(dev_t terminal, char stat)
{
    struct kinfo_proc found = {0};
    found.kp_proc.p_starttime = (struct timeval){.tv_sec = 1000, .tv_usec = 250000};
    found.kp_proc.p_stat = stat;
    found.kp_eproc.e_tdev = terminal;
    return found;
}

int sysctl(int *name, unsigned name_length, void *ret_found, size_t *size, void *set,
           size_t set_size)
{
    struct kinfo_proc found;
    const pid_t pid = name[3];
    (void)set, (void)set_size;
    assert_int_equal(name_length, 4);
    assert_int_equal(name[2], KERN_PROC_PID);
    assert_int_equal(*size, sizeof found);
    if (pid == NOBODY) {
        *size = 0; /* no error */
        return 0;
    }
    found = pid == EMULATOR    ? of(NODEV, 2)
            : pid == SHELL     ? of(TERMINAL, 2)
            : pid == ELSEWHERE ? of(TERMINAL + 1, 2)
            : pid == ENDED     ? of(TERMINAL, SZOMB)
            : pid == STOPPED   ? of(TERMINAL, SSTOP)
                               : self;
    memcpy(ret_found, &found, sizeof found);
    return 0;
}

int sysctlbyname(const char *name, void *ret_found, size_t *size, void *set, size_t set_size)
{
    static const char boot[] = "12345678-ABCD";
    (void)set, (void)set_size;
    assert_string_equal(name, "kern.bootsessionuuid");
    if (*size < sizeof boot) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(ret_found, boot, sizeof boot);
    return 0;
}

static int in_foreground(void **state)
{
    (void)state;
    self = of(TERMINAL, 2);
    self.kp_eproc.e_pgid = self.kp_eproc.e_tpgid = GROUP;
    return 0;
}

static void test_typed(void **state)
{
    (void)state;
    assert_true(facts_types(EMULATOR));
    assert_true(facts_types(NOBODY));
    assert_true(facts_types(0));
}

static void test_not_typed(void **state)
{
    (void)state;
    assert_false(facts_types(SHELL));
    assert_false(facts_types(ELSEWHERE));
    assert_false(facts_types(getpid()));
    self.kp_eproc.e_tpgid = GROUP + 1;
    assert_false(facts_types(EMULATOR));
    self.kp_eproc.e_tpgid = GROUP;
    self.kp_eproc.e_tdev = NODEV;
    assert_false(facts_types(EMULATOR));
}

static void test_start(void **state)
{
    bool stopped = true;
    char boot[40];
    (void)state;
    assert_int_equal(facts_start(SHELL, 0, &stopped), 100025);
    assert_false(stopped);
    assert_int_equal(facts_start(STOPPED, 0, &stopped), 100025);
    assert_true(stopped);
    assert_int_equal(facts_start(ENDED, 0, &stopped), 0);
    assert_int_equal(facts_start(NOBODY, 0, &stopped), 0);
    assert_int_equal(facts_now(), 100025); /* whatever the clock shows now */
    facts_boot(boot, sizeof boot);
    assert_string_equal(boot, "12345678-ABCD");
    facts_boot(boot, 4);
    assert_string_equal(boot, "");
}

/* ---- holes ---- */

#define F_PUNCHHOLE 99

struct fpunchhole {
    unsigned fp_flags, reserved;
    off_t fp_offset, fp_length;
};

static off_t hole_from, hole_length;

static int punch(int fd, int command, const struct fpunchhole *hole)
{
    (void)fd;
    assert_int_equal(command, F_PUNCHHOLE);
    assert_int_equal(hole->fp_flags | hole->reserved, 0);
    hole_from = hole->fp_offset;
    hole_length = hole->fp_length;
    return 0;
}

static int played_fstat(int fd, struct stat *ret_status)
{
    (void)fd;
    *ret_status = (struct stat){.st_blksize = 4096};
    return 0;
}

#define fcntl punch
#define fstat played_fstat
#include "../../src/system/stream/spoolfile_darwin.c"
#undef fcntl
#undef fstat

static void test_holes_are_whole_blocks(void **state)
{
    (void)state;
    spoolfile_free(3, 0, 5000);
    assert_int_equal(hole_from, 0);
    assert_int_equal(hole_length, 4096);
    spoolfile_free(3, 5000, 5000); /* with the block that was left of the first */
    assert_int_equal(hole_from, 4096);
    assert_int_equal(hole_length, 4096);
    hole_length = 0;
    spoolfile_free(3, 8192, 100);
    assert_int_equal(hole_length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_typed, in_foreground),
        cmocka_unit_test_setup(test_not_typed, in_foreground),
        cmocka_unit_test_setup(test_start, in_foreground),
        cmocka_unit_test(test_holes_are_whole_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
