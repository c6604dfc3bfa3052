#include "core/evidence/usage.h"

#include "support.h"

#include <string.h>

#define NOW 1795209600
#define U   "anthropic-ratelimit-unified-"

static const struct row {
    const char *name, *head, *window;
    int used;
    int64_t reset;
    enum usage_status status;
    int fullest;
} rows[] = {
    {"whole", U "5h-utilization: 0.76\r\n" U "5h-reset: 1795215603\r\n" U "5h-status: allowed\r\n",
     "5h", 760, 1795215603, USAGE_ALLOWED, 760},
    {"capitals", "Anthropic-RateLimit-Unified-7D-Utilization: 0.3149\r\n", "7d", 314, 0,
     USAGE_UNKNOWN, 314},
    {"full", U "7d-utilization: 1\r\n", "7d", 1000, 0, USAGE_UNKNOWN, 1000},
    {"overfull", U "7d-utilization: 1.024\r\n", "7d", 1024, 0, USAGE_UNKNOWN, 1024},
    {"long share", U "7d-utilization: 0.98000000001\r\n", "7d", 980, 0, USAGE_UNKNOWN, 980},
    {"fullest of two", U "5h-utilization: 0.1\r\n" U "7d-utilization: 0.99\r\n", "5h", 100, 0,
     USAGE_UNKNOWN, 990},
    {"reset since", U "5h-utilization: 0.99\r\n" U "5h-reset: 1795209600\r\n", "5h", 990, NOW,
     USAGE_UNKNOWN, 0},
    {"warning", U "5h-status: allowed_warning\r\n" U "5h-utilization: 0.98\r\n", "5h", 980, 0,
     USAGE_WARNING, 980},
    {"rejected is full", U "7d_opus-status: rejected\r\n" U "7d_opus-utilization: 0.2\r\n",
     "7d_opus", 200, 0, USAGE_REJECTED, 1000},
    {"rejected, no share", U "5h-status: rejected\r\n", "5h", -1, 0, USAGE_REJECTED, 1000},
    {"bought beyond the plan", U "overage-utilization: 0.5\r\n" U "overage-status: rejected\r\n",
     "overage", 500, 0, USAGE_REJECTED, -1},
    {"no share", U "5h-utilization: high\r\n" U "5h-status: blue\r\n" U "5h-reset: soon\r\n", "5h",
     -1, 0, USAGE_UNKNOWN, -1},
    {"half a number", U "5h-utilization: 0.7x\r\n" U "5h-reset: 17x\r\n", "5h", -1, 0,
     USAGE_UNKNOWN, -1},
    {"the plan itself", U "status: allowed\r\n" U "reset: 1795215603\r\n", NULL, 0, 0,
     USAGE_UNKNOWN, -1},
    {"no header", "content-type: text/plain\r\n", NULL, 0, 0, USAGE_UNKNOWN, -1},
    {"name too long", U "a123456789a123456789a123-status: allowed\r\n", NULL, 0, 0, USAGE_UNKNOWN,
     -1},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct usage usage;
        usage_read(row->head, &usage);
        if (!row->window)
            assert_int_equal(usage.count, 0);
        const struct usage_window *window =
            row->window ? usage_find(&usage, row->window) : usage_find(&usage, "5h");
        if (!window != !row->window ||
            (window && (window->used != row->used || window->reset != row->reset ||
                        window->status != row->status)))
            fail_msg("%s: used %d", row->name, window ? window->used : -2);
        if (usage_fullest(&usage, NOW) != row->fullest)
            fail_msg("%s: fullest %d", row->name, usage_fullest(&usage, NOW));
    }
}

static void test_many(void **state)
{
    (void)state;
    struct buffer head = {0};
    for (int i = 0; i < 2 * USAGE_MOST; i++)
        buffer_append_format(&head, U "%dh-utilization: 0.%02d\r\n", i, i);
    struct usage usage;
    usage_read(buffer_text(&head), &usage);
    assert_int_equal(usage.count, USAGE_MOST);
    assert_int_equal(usage_find(&usage, "7h")->used, 70);
    assert_null(usage_find(&usage, "8h"));
    buffer_finish(&head);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(usage_status_name(USAGE_UNKNOWN), "");
    assert_string_equal(usage_status_name(USAGE_WARNING), "allowed_warning");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
