#include "core/state/event.h"

#include "base/json.h"
#include "core/show/eventtext.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct event parse(const char *line)
{
    struct event event;
    if (event_parse(line, strlen(line), &event) != 0)
        fail_msg("not understood: %s", line);
    return event;
}

/* Every member that a run fills, so that a forgotten one shows. */
static const struct event full = {
    .time = 1795217062,
    .kind = EVENT_FAILOVER,
    .key = "home",
    .next = "billing",
    .class = CLASS_LIMIT,
    .what = "weekly Opus limit",
    .model = "opus",
    .until = 1795219140,
    .assumed = true,
    .master = true,
    .status = 3,
    .signal = 9,
    .duration_ms = 1200,
    .text = "a \"text\"\\",
    .pid = 4711,
    .command = "claude",
};

static void test_prints_one_line(void **state)
{
    (void)state;
    struct buffer line = {0};
    event_print(&full, &line);
    assert_string_equal(
        buffer_text(&line),
        "{\"time\":1795217062,\"event\":\"failover\",\"key\":\"home\",\"class\":\"limit\","
        "\"what\":\"weekly Opus limit\",\"model\":\"opus\",\"until\":1795219140,\"assumed\":true,"
        "\"next\":\"billing\",\"master\":true,\"status\":3,\"signal\":9,\"duration_ms\":1200,"
        "\"text\":\"a \\\"text\\\"\\\\\",\"pid\":4711,\"command\":\"claude\"}\n");
    buffer_finish(&line);
}

static void test_what_is_not_said_is_not_written(void **state)
{
    (void)state;
    struct buffer line = {0};
    event_print(&(struct event){.time = 5, .kind = EVENT_ATTEMPT, .key = "a", .what = ""}, &line);
    assert_string_equal(buffer_text(&line), "{\"time\":5,\"event\":\"attempt\",\"key\":\"a\"}\n");
    buffer_finish(&line);
}

static void test_reads_what_it_printed(void **state)
{
    (void)state;
    struct buffer line = {0};
    for (int kind = EVENT_ATTEMPT; kind < EVENT_COUNT; kind++) {
        struct event before = full;
        before.kind = (enum event_kind)kind;
        buffer_clear(&line);
        event_print(&before, &line);
        struct event event = parse(buffer_text(&line));
        assert_int_equal(event.kind, kind);
        assert_int_equal(event.time, full.time);
        assert_string_equal(event.key, full.key);
        assert_string_equal(event.next, full.next);
        assert_int_equal(event.class, full.class);
        assert_string_equal(event.what, full.what);
        assert_string_equal(event.model, full.model);
        assert_int_equal(event.until, full.until);
        assert_true(event.master);
        assert_true(event.assumed);
        assert_int_equal(event.duration_ms, full.duration_ms);
        assert_int_equal(event.status, full.status);
        assert_int_equal(event.signal, full.signal);
        assert_string_equal(event.text, full.text);
        assert_int_equal(event.pid, full.pid);
        assert_string_equal(event.command, full.command);
        event_finish(&event);
    }
    buffer_finish(&line);
}

/* A command's name may be any bytes but NUL and '/'. */
static void test_any_bytes_make_valid_json(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *json;
    } rows[] = {
        {"tab\tbell\a\n", "tab\\u0009bell\\u0007\\u000a"},
        {"quote\" back\\slash", "quote\\\" back\\\\slash"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe2\x82\xac \xf0\x9f\x94\x91", "\xe2\x82\xac \xf0\x9f\x94\x91"},
        {"\xff", "\xef\xbf\xbd"},
        {"cut\xc3", "cut\xef\xbf\xbd"},
        {"cut\xf0\x9f\x94", "cut\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3\"", "\xef\xbf\xbd\\\""},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\x80", "\xef\xbf\xbd"},
        {"\x7f", "\\u007f"},
        {"\xc2\x9b", "\\u009b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer line = {0}, expected = {0};
        event_print(&(struct event){.kind = EVENT_ATTEMPT, .command = rows[i].bytes}, &line);
        buffer_append_format(&expected, "{\"time\":0,\"event\":\"attempt\",\"command\":\"%s\"}\n",
                             rows[i].json);
        assert_string_equal(buffer_text(&line), buffer_text(&expected));
        cJSON *json = json_parse(buffer_text(&line), line.length, NULL);
        assert_non_null(json);
        json_destroy(json);
        buffer_finish(&line);
        buffer_finish(&expected);
    }
}

static void test_refuses_what_is_no_event(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "\n",
        "null",
        "[]",
        "{}",
        "{\"time\":1}",
        "{\"event\":\"attempt\"}",
        "{\"time\":\"1\",\"event\":\"attempt\"}",
        "{\"time\":1,\"event\":2}",
        "{\"time\":1,\"event\":\"attempt\"",
        "{\"time\":",
        "{\"time\":1,\"event\":\"attempt\"} x",
        "half of {\"time\":1,\"event\":\"att",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct event event = {.pid = -7};
        if (event_parse(rows[i], strlen(rows[i]), &event) != -EINVAL || event.pid != -7)
            fail_msg("taken for an event: %s", rows[i]);
    }
}

/* A full disk leaves the beginning of a line, and the next event is written behind it. */
static void test_torn_line(void **state)
{
    (void)state;
    struct event event = parse("{\"time\":1,\"event\":\"att{\"time\":2,\"event\":\"reset\","
                               "\"key\":\"a\"}\n");
    assert_int_equal(event.time, 2);
    assert_int_equal(event.kind, EVENT_RESET);
    event_finish(&event);
}

static void test_newer_versions(void **state)
{
    (void)state;
    struct event event =
        parse("{\"time\":1,\"event\":\"parade\",\"key\":\"a\",\"class\":\"odd\",\"more\":[1]}");
    assert_int_equal(event.kind, EVENT_OTHER);
    assert_string_equal(event.name, "parade");
    assert_int_equal(event.class, CLASS_NONE);
    event_finish(&event);
}

static void test_concerns(void **state)
{
    (void)state;
    assert_true(event_concerns(&full, "home"));
    assert_true(event_concerns(&full, "billing"));
    assert_false(event_concerns(&full, "hom"));
    assert_false(event_concerns(&full, "claude"));
    assert_false(event_concerns(&(struct event){.kind = EVENT_WARNING}, "home"));
}

static void test_sentences(void **state)
{
    (void)state;
    const int64_t time = instant("2026-11-20T22:45:00Z");
    const int64_t soon = instant("2026-11-20T23:21:00Z");
    const int64_t later = instant("2026-11-24T08:41:00Z");
    const struct {
        struct event event;
        const char *text;
    } rows[] = {
        {{.kind = EVENT_ATTEMPT, .key = "home", .command = "claude"},
         "claude was started with \"home\""},
        {{.kind = EVENT_ATTEMPT, .key = "billing", .command = "claude", .master = true},
         "claude was started with the master key \"billing\", which is billed"},
        {{.kind = EVENT_SUCCESS, .key = "work", .command = "claude"},
         "claude ended well with \"work\""},
        {{.kind = EVENT_SUCCESS, .key = "work", .command = "claude", .duration_ms = 380},
         "claude ended well with \"work\" after 0.3s"},
        {{.kind = EVENT_SUCCESS, .key = "work", .command = "claude", .duration_ms = 4320999},
         "claude ended well with \"work\" after 1h 12m"},
        {{.kind = EVENT_FAILED, .key = "work", .command = "make", .status = 2, .duration_ms = 9999},
         "make failed with status 2 after 9.9s; that costs \"work\" nothing"},
        {{.kind = EVENT_EXHAUSTED,
          .key = "home",
          .command = "claude",
          .class = CLASS_LIMIT,
          .until = soon,
          .assumed = true,
          .status = 1,
          .duration_ms = 12000},
         "\"home\" reached its usage limit (rests until 23:21, reset unknown); no other "
         "key was left; claude failed with status 1 after 12s"},
        {{.kind = EVENT_STOPPED,
          .key = "home",
          .command = "claude",
          .class = CLASS_AUTH,
          .until = soon,
          .assumed = true,
          .signal = 2,
          .duration_ms = 10000},
         "\"home\" was refused (not authenticated) (rests until 23:21); the run ended there; "
         "claude was ended by signal 2 after 10s"},
        {{.kind = EVENT_FAILED, .key = "work", .command = "make", .status = 2},
         "make failed with status 2; that costs \"work\" nothing"},
        {{.kind = EVENT_FAILED, .key = "work", .command = "make", .signal = 9},
         "make was ended by signal 9; that costs \"work\" nothing"},
        {{.kind = EVENT_FAILOVER,
          .key = "home",
          .class = CLASS_LIMIT,
          .what = "session limit",
          .until = soon,
          .next = "work"},
         "\"home\" reached its session limit (resets 23:21); carried on with \"work\""},
        {{.kind = EVENT_FAILOVER,
          .key = "home",
          .class = CLASS_AUTH,
          .until = later,
          .next = "billing",
          .master = true},
         "\"home\" was refused (not authenticated) (rests until Nov 24 08:41); carried on with the "
         "master key \"billing\", which is billed"},
        {{.kind = EVENT_FAILOVER, .next = "billing", .master = true},
         "no key of the pool could be used; carried on with the master key \"billing\", which is "
         "billed"},
        {{.kind = EVENT_FAILOVER, .key = "home", .class = CLASS_LIMIT, .master = true},
         "\"home\" reached its usage limit"},
        {{.kind = EVENT_EXHAUSTED, .command = "gateway", .until = soon},
         "no key could be used for a request; the first is ready at 23:21"},
        {{.kind = EVENT_EXHAUSTED, .key = "home", .class = CLASS_LIMIT, .command = "gateway"},
         "\"home\" reached its usage limit; no other key was left"},
        {{.kind = EVENT_STOPPED, .key = "home", .class = CLASS_LIMIT, .command = "gateway"},
         "\"home\" reached its usage limit; whoever asked had left by then"},
        {{.kind = EVENT_SUCCESS,
          .key = "work",
          .command = "claude",
          .text = "3 with home, 41 with work"},
         "claude ended well with \"work\"; requests: 3 with home, 41 with work"},
        {{.kind = EVENT_SUCCESS, .key = "big", .master = true, .command = "claude"},
         "claude ended well with the master key \"big\""},
        {{.kind = EVENT_SUCCESS, .command = "claude", .duration_ms = 10000},
         "claude ended well after 10s"},
        {{.kind = EVENT_FAILED, .command = "claude", .status = 1}, "claude failed with status 1"},
        {{.kind = EVENT_FAILED,
          .key = "work",
          .command = "claude",
          .status = 1,
          .text = "3 with work"},
         "claude failed with status 1; requests: 3 with work"},
        {{.kind = EVENT_RETRY, .key = "home", .class = CLASS_SERVER},
         "\"home\" ran into trouble on the provider's side; tried again"},
        {{.kind = EVENT_EXHAUSTED, .key = "home", .class = CLASS_LIMIT, .until = soon},
         "\"home\" reached its usage limit (resets 23:21); no other key was left"},
        {{.kind = EVENT_EXHAUSTED, .command = "claude", .until = soon},
         "no key could be used for claude; the first is ready at 23:21"},
        {{.kind = EVENT_EXHAUSTED}, "no key could be used for a command"},
        {{.kind = EVENT_STOPPED, .key = "home", .class = CLASS_BILLING},
         "\"home\" has no credit left; the run ended there"},
        {{.kind = EVENT_WAIT, .key = "home", .command = "claude", .until = soon},
         "claude waits for \"home\", ready at 23:21"},
        {{.kind = EVENT_WARNING, .text = "4 runs share 1 ready keys"},
         "warning: 4 runs share 1 ready keys"},
        {{.kind = EVENT_WARNING, .key = "ci", .text = "x"}, "warning: \"ci\": x"},
        {{.kind = EVENT_RESET, .key = "home"}, "the rests and failures of \"home\" were forgotten"},
        {{.kind = EVENT_RECOVERED, .key = "home", .text = "it was served"},
         "the rest of \"home\" ended early: it was served"},
        {{.kind = EVENT_OVERAGE, .key = "home"},
         "warning: \"home\" is beyond its plan: the provider bills extra usage"},
        {{.kind = EVENT_MESSAGE, .name = "message", .text = "x"}, "message: x"},
        {{.kind = EVENT_EXPLANATION, .name = "explanation", .text = "x"}, "explanation: x"},
        {{.kind = EVENT_OTHER, .name = "parade", .key = "a", .text = "x"}, "parade \"a\": x"},
    };
    bool seen[EVENT_COUNT] = {false};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer text = {0}, expected = {0};
        struct event event = rows[i].event;
        event.time = time;
        eventtext_append(&text, &event, &utc_zones);
        buffer_append_format(&expected, "Nov 20 22:45  %s", rows[i].text);
        assert_string_equal(buffer_text(&text), buffer_text(&expected));
        seen[event.kind] = true;
        buffer_finish(&text);
        buffer_finish(&expected);
    }
    for (int kind = 0; kind < EVENT_COUNT; kind++)
        if (!seen[kind])
            fail_msg("no row for kind %d", kind);
}

/* Whatever stands in the file: nothing is missed so badly that it crashes, nothing reaches a
 * terminal. */
static void test_sentences_of_bare_and_hostile_events(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_COUNT; kind++) {
        struct buffer text = {0};
        eventtext_append(&text, &(struct event){.kind = (enum event_kind)kind}, &utc_zones);
        assert_true(text.length > 0);
        buffer_clear(&text);
        eventtext_append(&text,
                         &(struct event){.kind = (enum event_kind)kind,
                                         .name = "\033[2J",
                                         .key = "\033]0;x\a",
                                         .next = "\r\n",
                                         .command = "\033c",
                                         .text = "\033[31m\xc2\x9b"},
                         &utc_zones);
        for (size_t i = 0; i < text.length; i++)
            assert_true((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
        assert_null(strstr(buffer_text(&text), "\xc2\x9b"));
        buffer_finish(&text);
    }
}

static void test_lines_up(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct event event = {.time = instant("2026-11-05T09:03:00Z"), .kind = EVENT_RESET, .key = "a"};
    eventtext_append(&text, &event, &utc_zones);
    assert_memory_equal(buffer_text(&text), "Nov  5 09:03  ", 14);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_one_line),
        cmocka_unit_test(test_what_is_not_said_is_not_written),
        cmocka_unit_test(test_reads_what_it_printed),
        cmocka_unit_test(test_any_bytes_make_valid_json),
        cmocka_unit_test(test_refuses_what_is_no_event),
        cmocka_unit_test(test_torn_line),
        cmocka_unit_test(test_newer_versions),
        cmocka_unit_test(test_concerns),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_sentences_of_bare_and_hostile_events),
        cmocka_unit_test(test_lines_up),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
