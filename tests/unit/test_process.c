/* Leases of runs that ended in ways that leave something behind. */
#include "system/process/process.h"

#include "support.h"
#include "system/process/facts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits until it is killed. */
static pid_t start_child(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        for (;;)
            (void)pause();
    }
    return pid;
}

/* As its lease would name it: begun now, on this machine. */
static struct owner owner_of(pid_t pid)
{
    struct owner owner = process_self();
    owner.pid = pid;
    owner.start = facts_now();
    return owner;
}

static void end_child(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool holds(const struct owner *owner)
{
    struct lease lease = {.owner = *owner};
    bool held = process_holds(&lease);
    assert_int_equal(held, !process_is_gone(owner, false));
    return held;
}

static void test_a_live_one_holds_its_key(void **state)
{
    (void)state;
    pid_t pid = start_child();
    struct owner owner = owner_of(pid), self = process_self();
    assert_true(holds(&owner));
    assert_true(holds(&self));
    end_child(pid);
    assert_false(holds(&owner));
}

/* Its parent has not asked how it ended: the number is still taken. */
static void test_a_zombie_holds_none(void **state)
{
    (void)state;
    siginfo_t info;
    pid_t pid = start_child();
    struct owner owner = owner_of(pid);
    owner.start = 0; /* long ago */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(kill(pid, 0), 0);
    assert_false(holds(&owner));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_an_inherited_number_holds_none(void **state)
{
    (void)state;
    pid_t pid = start_child();
    struct owner dead = owner_of(pid);
    dead.start = 1; /* just after the boot */
    assert_false(holds(&dead));
    dead.start = 0; /* not known when */
    assert_true(holds(&dead));
    end_child(pid);
}

static void test_a_stopped_one_holds_its_key_but_not_its_place(void **state)
{
    (void)state;
    siginfo_t info;
    pid_t pid = start_child();
    struct owner owner = owner_of(pid);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    assert_true(process_is_gone(&owner, true));
    assert_true(holds(&owner));
    end_child(pid);
}

/* Of another machine, or of this one before it was started anew, nothing can be seen here. */
static void test_those_of_another_machine_are_not_looked_up(void **state)
{
    (void)state;
    pid_t pid = start_child();
    struct owner owner = owner_of(pid);
    end_child(pid);
    assert_true(process_is_gone(&owner, false));
    assert_int_not_equal(owner.boot[0], '\0');
    owner.boot[0] = '-';
    assert_false(process_is_gone(&owner, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_live_one_holds_its_key),
        cmocka_unit_test(test_a_zombie_holds_none),
        cmocka_unit_test(test_an_inherited_number_holds_none),
        cmocka_unit_test(test_a_stopped_one_holds_its_key_but_not_its_place),
        cmocka_unit_test(test_those_of_another_machine_are_not_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
