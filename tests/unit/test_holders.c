#include "gateway/holder.h"

#include "support.h"
#include "system/random.h"

#include <stdio.h>
#include <string.h>

#define MINUTES ((int64_t)60 * 1000)

static int roster_stub;
static struct roster *const roster = (struct roster *)&roster_stub;
static size_t released, let_go;

void roster_release(struct roster *unused)
{
    (void)unused;
    released++;
}

void random_fill(void *bytes, size_t length)
{
    memset(bytes, 7, length);
}

static void note(void *context, struct holder *holder)
{
    (void)context, (void)holder;
    let_go++;
}

static void begin(struct holders *holders)
{
    holders_init(holders, note, NULL);
    released = let_go = 0;
}

static struct holder *enter(struct holders *holders, const char *id, int64_t now)
{
    struct holder *holder = holder_enter(holders, id, now);
    assert_non_null(holder);
    holder->roster = roster;
    return holder;
}

/* Silent for ten minutes: it holds no key any more, but is known. One that is under way is not
 * silent, however long it takes. */
static void test_silence(void **state)
{
    (void)state;
    struct holders holders;
    begin(&holders);
    struct holder *silent = enter(&holders, "silent", 0);
    struct holder *long_one = enter(&holders, "long", 0);
    snprintf(silent->key, sizeof silent->key, "home");
    holder_leave(&holders, silent, 1 * MINUTES);
    holders_tidy(&holders, 10 * MINUTES);
    assert_int_equal(let_go, 0);
    holders_tidy(&holders, 11 * MINUTES);
    assert_int_equal(let_go, 1);
    assert_int_equal(released, 1);
    holders_tidy(&holders, 12 * MINUTES);
    assert_int_equal(let_go, 1);
    assert_null(silent->roster);
    assert_string_equal(holder_find(&holders, "silent")->key, "home");
    assert_ptr_equal(long_one->roster, roster);
    holders_finish(&holders);
    assert_int_equal(let_go, 2);
}

/* One that came first and was used last does not stand before the others. */
static void test_order(void **state)
{
    (void)state;
    struct holders holders;
    begin(&holders);
    struct holder *first = enter(&holders, "first", 0);
    struct holder *second = enter(&holders, "second", 1);
    holder_leave(&holders, second, 2);
    holder_leave(&holders, first, 9 * MINUTES);
    holders_tidy(&holders, 11 * MINUTES);
    assert_int_equal(let_go, 1);
    assert_null(second->roster);
    assert_ptr_equal(first->roster, roster);
    holders_finish(&holders);
}

/* The one that was silent for longest makes room; none that has a request under way. */
static void test_room(void **state)
{
    (void)state;
    struct holders holders;
    char id[32];
    begin(&holders);
    (void)enter(&holders, "busy", 0);
    for (int i = 1; i <= HOLDERS_MOST; i++) {
        snprintf(id, sizeof id, "%d", i);
        holder_leave(&holders, enter(&holders, id, i), i);
    }
    assert_int_equal(holders.count, HOLDERS_MOST);
    assert_non_null(holder_find(&holders, "busy"));
    assert_null(holder_find(&holders, "1"));
    assert_non_null(holder_find(&holders, "2"));
    holders_finish(&holders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
