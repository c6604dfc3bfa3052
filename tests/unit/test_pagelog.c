#include "core/show/pagelog.h"

#include "base/json.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define LINE(n) "{\"time\":" #n ",\"event\":\"reset\",\"key\":\"k\"}\n"

/* The lines' ids and times, "7-0:1 …", of two files. */
static void expect(size_t limit, const char *newer, const char *older, const char *wanted,
                   bool more)
{
    struct pagelog log = {.limit = limit, .zones = &utc_zones};
    struct buffer found = {0}, text = {0};
    if (!pagelog_take(&log, 8, newer, strlen(newer)))
        (void)pagelog_take(&log, 7, older, strlen(older));
    buffer_append_format(&text, "[%s]", buffer_text(&log.lines));
    cJSON *lines = json_parse(text.data, text.length, NULL);
    const cJSON *line;
    assert_non_null(lines);
    cJSON_ArrayForEach (line, lines) {
        int64_t at = 0;
        assert_true(json_integer(line, "at", &at));
        buffer_append_format(&found, "%s:%lld ", json_string(line, "id"), (long long)at);
        assert_string_equal(json_string(line, "event"), "reset");
        assert_string_equal(json_string(line, "text"),
                            "the rests and failures of \"k\" were forgotten");
    }
    assert_string_equal(buffer_text(&found), wanted);
    assert_int_equal(log.more, more);
    json_destroy(lines);
    buffer_finish(&log.lines);
    buffer_finish(&found);
    buffer_finish(&text);
}

static void test_takes(void **state)
{
    (void)state;
    size_t length = strlen(LINE(1));
    char wanted[64];
    expect(5, "", "", "", false);
    expect(5, LINE(1), "", "8-0:1 ", false);
    expect(5, LINE(1) "{\"time\":2,", "", "8-0:1 ", false);
    expect(5, "garbage\n" LINE(1) "\n\n", "", "8-8:1 ", false);
    snprintf(wanted, sizeof wanted, "8-%zu:2 8-0:1 ", length);
    expect(2, LINE(1) LINE(2), "", wanted, false);
    expect(2, LINE(1) LINE(2), "nothing\n", wanted, false);
    expect(2, LINE(1) LINE(2), LINE(0), wanted, true);
    snprintf(wanted, sizeof wanted, "8-%zu:2 ", length);
    expect(1, LINE(1) LINE(2), "", wanted, true);
    snprintf(wanted, sizeof wanted, "8-0:3 7-%zu:2 7-0:1 ", length);
    expect(5, LINE(3), LINE(1) LINE(2), wanted, false);
}

static void test_ids(void **state)
{
    static const char *const wrong[] = {"",     "1",    "-",    "1-",
                                        "-1",   "a-1",  "1-a",  "1-2-",
                                        " 1-2", "1--2", "+1-2", "99999999999999999999-1"};
    struct pagelog_id id = {0};
    (void)state;
    assert_true(pagelog_parse_id("12-345", &id));
    assert_true(id.file == 12 && id.offset == 345);
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (pagelog_parse_id(wrong[i], &id))
            fail_msg("%s", wrong[i]);
    assert_true(id.file == 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_takes), cmocka_unit_test(test_ids)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
