#include "gateway/session.h"

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

static void note(void *context, struct session *session)
{
    (void)context, (void)session;
    let_go++;
}

static void begin(struct sessions *sessions)
{
    sessions_init(sessions, note, NULL);
    released = let_go = 0;
}

static struct session *enter(struct sessions *sessions, const char *id, int64_t now)
{
    struct session *session = session_enter(sessions, id, now);
    assert_non_null(session);
    session->roster = roster;
    return session;
}

/* Silent for ten minutes: it holds no key any more, but is known. One that is under way is not
 * silent, however long it takes. */
static void test_silence(void **state)
{
    (void)state;
    struct sessions sessions;
    begin(&sessions);
    struct session *silent = enter(&sessions, "silent", 0);
    struct session *long_one = enter(&sessions, "long", 0);
    snprintf(silent->key, sizeof silent->key, "home");
    session_leave(&sessions, silent, 1 * MINUTES);
    sessions_tidy(&sessions, 10 * MINUTES);
    assert_int_equal(let_go, 0);
    sessions_tidy(&sessions, 11 * MINUTES);
    assert_int_equal(let_go, 1);
    assert_int_equal(released, 1);
    sessions_tidy(&sessions, 12 * MINUTES);
    assert_int_equal(let_go, 1);
    assert_null(silent->roster);
    assert_string_equal(session_find(&sessions, "silent")->key, "home");
    assert_ptr_equal(long_one->roster, roster);
    sessions_finish(&sessions);
    assert_int_equal(let_go, 2);
}

/* One that came first and was used last does not stand before the others. */
static void test_order(void **state)
{
    (void)state;
    struct sessions sessions;
    begin(&sessions);
    struct session *first = enter(&sessions, "first", 0);
    struct session *second = enter(&sessions, "second", 1);
    session_leave(&sessions, second, 2);
    session_leave(&sessions, first, 9 * MINUTES);
    sessions_tidy(&sessions, 11 * MINUTES);
    assert_int_equal(let_go, 1);
    assert_null(second->roster);
    assert_ptr_equal(first->roster, roster);
    sessions_finish(&sessions);
}

/* The one that was silent for longest makes room; none that has a request under way. */
static void test_room(void **state)
{
    (void)state;
    struct sessions sessions;
    char id[32];
    begin(&sessions);
    (void)enter(&sessions, "busy", 0);
    for (int i = 1; i <= SESSIONS_MOST; i++) {
        snprintf(id, sizeof id, "%d", i);
        session_leave(&sessions, enter(&sessions, id, i), i);
    }
    assert_int_equal(sessions.count, SESSIONS_MOST);
    assert_non_null(session_find(&sessions, "busy"));
    assert_null(session_find(&sessions, "1"));
    assert_non_null(session_find(&sessions, "2"));
    sessions_finish(&sessions);
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
