#include "core/evidence/gate.h"

#include "play.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define LIMIT "You've hit your session limit · resets 11:21pm (UTC)\n"

/* A gate on one stream, and what came out of it. */
struct rig {
    struct evidence evidence;
    struct gate gate;
    struct buffer out;
};

static void take_bytes(void *context, const char *bytes, size_t length)
{
    assert_true(length > 0);
    buffer_append(context, bytes, length);
}

static void rig_up(struct rig *rig)
{
    static struct trigger trigger;
    *rig = (struct rig){.evidence = {.time = {instant(PLAY_NOW), &utc_zones}, .trigger = &trigger}};
    gate_init(&rig->gate, &rig->evidence, STREAM_OUT, take_bytes, &rig->out);
}

static void rig_down(struct rig *rig)
{
    gate_finish(&rig->gate);
    buffer_finish(&rig->out);
}

static void feed(struct rig *rig, const char *text, int64_t now_ms)
{
    gate_feed(&rig->gate, text, strlen(text), now_ms);
}

static void expect_out(const struct rig *rig, const char *text)
{
    assert_string_equal(buffer_text(&rig->out), text);
}

/* Output with a mark in it, as text, in json, on a terminal, of a script. */
static const char *const marked[] = {
    LIMIT,
    "\r\n" LIMIT "\r\n",
    "\x1b[31m  You\xe2\x80\x99ve hit your weekly limit • resets Nov 24, 8:41am (UTC)\x1b[0m\r\n",
    "\x1b]0;claude\a\x1b(B\x1b[mYou've hit your Opus limit ∙ resets 5am\x1b]0;\a\n",
    "Claude AI usage limit reached|1795216945\n",
    "5-hour limit reached ∙ resets 5am\n",
    "Limit reached · resets Dec 17 at 6am (UTC)",
    "You're out of extra usage · resets Feb 4, 8pm (UTC)\n",
    "API Error: Server is temporarily limiting requests (not your usage limit) · x\n",
    "API Error: Request rejected (429) · x\n",
    "API Error: 529 Overloaded. This is a server-side issue — try again in a moment.\n",
    "API Error: Unable to connect to API (ECONNRESET)\n",
    "API Error: 400 You have reached your specified API usage limits. You will regain access on "
    "2026-12-01 at 00:00 UTC.\n",
    "Failed to authenticate. API Error: 401 Invalid bearer token\n",
    "Invalid API key · Fix external API key\n",
    "Not logged in · Please run /login\n",
    "Your organization has disabled Claude subscription access for Claude Code · Use x\n",
    "Credit balance is too low\n",
    "first line\nsecond line\n" LIMIT "You've seen it\nlast line",
    "RateLimitError: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}\n"
    "    at f (x:1:2) {\n  status: 429,\n  headers: Headers {},\n}\n\nNode.js v20.20.2\n",
    "Traceback (most recent call last):\n  File \"x\", line 3\n"
    "anthropic.RateLimitError: Error code: 429 - {'type': 'error'}\n\n"
    "The above exception was the direct cause of the following exception:\n\n"
    "Traceback (most recent call last):\napp.AskError: no answer\n",
    "anthropic.RateLimitError: Error code: 429 - {'type': 'error'}\ncaught\nKeyError: 'x'\n",
    "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"5a61\"}\n"
    "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"rejected\",\"resetsAt\":"
    "1795216945,\"rateLimitType\":\"five_hour\"}}\n"
    "{\"type\":\"result\",\"is_error\":true,\"api_error_status\":429,\"result\":\"x\"}\n",
    "{\"is_error\":true,\"api_error_status\":401,\"result\":\"x\",\"type\":\"result\"}",
    "[{\"type\":\"system\"},{\"type\":\"result\",\"is_error\":true,\"api_error_status\":429}]\n",
};

static void expect_same(const char *text, size_t offset, const struct play *got,
                        const struct play *whole)
{
    const struct finding *a = &got->finding, *b = &whole->finding;
    if (a->class != b->class || a->scope != b->scope || a->until != b->until ||
        a->source != b->source || strcmp(a->model, b->model) != 0 ||
        strcmp(a->what, b->what) != 0 || strcmp(a->line, b->line) != 0)
        fail_msg("split at %zu, another verdict: %s", offset, text);
    if (got->early[STREAM_OUT] != whole->early[STREAM_OUT])
        fail_msg("split at %zu, held back otherwise: %s", offset, text);
    if (got->passed[STREAM_OUT].length != strlen(text) ||
        memcmp(buffer_text(&got->passed[STREAM_OUT]), text, strlen(text)) != 0)
        fail_msg("split at %zu, other bytes: %s", offset, text);
}

static void test_split_at_every_offset(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(marked); i++) {
        struct scene scene = {.bytes = {marked[i]}, .ending = {.code = 1}};
        struct play whole;
        play_scene(&scene, &whole);
        assert_true(whole.early[STREAM_OUT] < strlen(marked[i]));
        for (size_t offset = 1; offset < strlen(marked[i]); offset++) {
            struct play got;
            scene.first_read = offset;
            play_scene(&scene, &got);
            expect_same(marked[i], offset, &got, &whole);
            play_finish(&got);
        }
        play_finish(&whole);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(marked); i++) {
        struct scene scene = {.bytes = {marked[i]}, .ending = {.code = 1}};
        struct play whole, got;
        play_scene(&scene, &whole);
        scene.read_size = 1;
        play_scene(&scene, &got);
        expect_same(marked[i], 1, &got, &whole);
        play_finish(&got);
        play_finish(&whole);
    }
}

/* A healthy run is never delayed: each read goes on as it comes. */
static void test_plain_output_goes_on_at_once(void **state)
{
    (void)state;
    static const char *const reads[] = {
        "hello",
        " world\n",
        "\n",
        "- item\nx",
        "\nYou can use this.\n",
        "{\"type\":\"x\"}\n",
        "\x1b[32mok\x1b[0m\n",
        "\xe2",
        "\x80\x99\n",
        "You've used 74% of your weekly limit\n",
        "API docs\n",
        "[]\n",
        "(no end)",
    };
    struct rig rig;
    struct buffer in = {0};
    rig_up(&rig);
    for (size_t i = 0; i < COUNT(reads); i++) {
        feed(&rig, reads[i], 0);
        buffer_append_text(&in, reads[i]);
        expect_out(&rig, buffer_text(&in));
        assert_int_equal(gate_deadline(&rig.gate), -1);
    }
    gate_end(&rig.gate);
    gate_release(&rig.gate, true);
    expect_out(&rig, buffer_text(&in));
    buffer_finish(&in);
    rig_down(&rig);
}

static void test_mark_and_what_follows_wait(void **state)
{
    (void)state;
    static const struct {
        bool drop;
        const char *out;
    } rows[] = {{true, "before\n"}, {false, "before\n" LIMIT "after\nend"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig rig;
        rig_up(&rig);
        feed(&rig, "before\n" LIMIT "aft", 0);
        feed(&rig, "er\nend", 5);
        expect_out(&rig, "before\n");
        gate_end(&rig.gate);
        expect_out(&rig, "before\n");
        gate_release(&rig.gate, rows[i].drop);
        expect_out(&rig, rows[i].out);
        gate_release(&rig.gate, false);
        expect_out(&rig, rows[i].out);
        assert_int_equal(gate_deadline(&rig.gate), -1);
        rig_down(&rig);
    }
}

/* The beginning of what might be a mark waits for its end, but not for long. */
static void test_partial_line(void **state)
{
    (void)state;
    struct rig rig;
    rig_up(&rig);
    feed(&rig, "x\nYou've h", 1000);
    expect_out(&rig, "x\n");
    assert_int_equal(gate_deadline(&rig.gate), 1000 + GATE_PARTIAL_MS);
    feed(&rig, "it you", 1000 + GATE_PARTIAL_MS - 1);
    gate_tick(&rig.gate, 1000 + GATE_PARTIAL_MS - 1);
    expect_out(&rig, "x\n");
    assert_int_equal(gate_deadline(&rig.gate), 1000 + GATE_PARTIAL_MS);
    gate_tick(&rig.gate, 1000 + GATE_PARTIAL_MS);
    expect_out(&rig, "x\nYou've hit you");
    assert_int_equal(gate_deadline(&rig.gate), -1);
    rig_down(&rig);
}

/* It was a mark after all: what had not gone on yet is held, and it counts as a whole. */
static void test_partial_line_that_was_a_mark(void **state)
{
    (void)state;
    struct rig rig;
    rig_up(&rig);
    feed(&rig, "You've hit", 0);
    gate_tick(&rig.gate, GATE_PARTIAL_MS);
    feed(&rig, " your session limit · resets 11:21pm (UTC)\nmore\n", 200);
    expect_out(&rig, "You've hit");
    assert_int_equal(rig.evidence.text[STREAM_OUT].finding.class, CLASS_LIMIT);
    assert_int_equal(gate_deadline(&rig.gate), 200 + GATE_HELD_MS);
    gate_release(&rig.gate, false);
    expect_out(&rig, LIMIT "more\n");
    rig_down(&rig);
}

/* What comes after the first wait of a line does not wait again. */
static void test_partial_line_waits_once(void **state)
{
    (void)state;
    struct rig rig;
    rig_up(&rig);
    feed(&rig, "You've", 0);
    gate_tick(&rig.gate, GATE_PARTIAL_MS);
    feed(&rig, " hit", 500);
    assert_true(gate_deadline(&rig.gate) >= 0 && gate_deadline(&rig.gate) <= 500);
    gate_tick(&rig.gate, 500);
    expect_out(&rig, "You've hit");
    feed(&rig, " the road\n", 501);
    expect_out(&rig, "You've hit the road\n");
    rig_down(&rig);
}

static void test_hold_is_bounded_in_time(void **state)
{
    (void)state;
    struct rig rig;
    rig_up(&rig);
    feed(&rig, LIMIT, 1000);
    feed(&rig, "one\nYou", 1000 + GATE_HELD_MS - 1);
    assert_int_equal(gate_deadline(&rig.gate), 1000 + GATE_HELD_MS);
    gate_tick(&rig.gate, 1000 + GATE_HELD_MS - 1);
    expect_out(&rig, "");
    gate_tick(&rig.gate, 1000 + GATE_HELD_MS);
    expect_out(&rig, LIMIT "one\n");
    gate_tick(&rig.gate, 1000 + GATE_HELD_MS - 1 + GATE_PARTIAL_MS);
    expect_out(&rig, LIMIT "one\nYou");
    feed(&rig, "\n" LIMIT "two\n", 30000);
    expect_out(&rig, LIMIT "one\nYou\n" LIMIT "two\n");
    assert_int_equal(gate_deadline(&rig.gate), -1);
    gate_end(&rig.gate);
    gate_release(&rig.gate, true);
    expect_out(&rig, LIMIT "one\nYou\n" LIMIT "two\n");
    rig_down(&rig);
}

/* After the mark `more` bytes, in lines of 64. */
static void feed_more(struct rig *rig, size_t more)
{
    char line[64];
    memset(line, 'x', sizeof line);
    line[63] = '\n';
    for (; more > 0; more -= more < 64 ? more : 64)
        gate_feed(&rig->gate, line + (more < 64 ? 64 - more : 0), more < 64 ? more : 64, 0);
}

static void test_hold_is_bounded_in_bytes(void **state)
{
    (void)state;
    const size_t mark = strlen(LIMIT);
    struct rig rig;
    rig_up(&rig);
    feed(&rig, LIMIT, 0);
    feed_more(&rig, GATE_HELD_MOST - mark);
    assert_int_equal(rig.out.length, 0);
    feed(&rig, "\n", 0);
    assert_int_equal(rig.out.length, GATE_HELD_MOST + 1);
    assert_memory_equal(rig.out.data, LIMIT, mark);
    feed(&rig, LIMIT, 0);
    assert_int_equal(rig.out.length, GATE_HELD_MOST + 1 + mark);
    gate_release(&rig.gate, true);
    assert_int_equal(rig.out.length, GATE_HELD_MOST + 1 + mark);
    rig_down(&rig);
}

/* Longer than is ever read: passed on unread, and the next line is read again. */
static void test_long_line(void **state)
{
    (void)state;
    static const char *const starts[] = {"You've hit your session limit · resets 11pm (UTC) ",
                                         "{\"type\":\"result\",\"is_error\":true,\"x\":\"",
                                         "plain"};
    static const size_t reads[] = {1, 4096, 65536, 300000};
    static char line[200 * 1024];
    for (size_t i = 0; i < COUNT(starts) * COUNT(reads); i++) {
        const char *start = starts[i / COUNT(reads)];
        const size_t read = reads[i % COUNT(reads)];
        struct rig rig;
        rig_up(&rig);
        memset(line, 'x', sizeof line);
        memcpy(line, start, strlen(start));
        for (size_t done = 0; done < sizeof line; done += read)
            gate_feed(&rig.gate, line + done, done + read < sizeof line ? read : sizeof line - done,
                      0);
        assert_int_equal(rig.out.length, sizeof line);
        assert_memory_equal(rig.out.data, line, sizeof line);
        assert_false(rig.evidence.result_seen);
        assert_int_equal(rig.evidence.text[STREAM_OUT].finding.class, CLASS_NONE);
        feed(&rig, "\n" LIMIT, 0);
        assert_int_equal(rig.out.length, sizeof line + 1);
        assert_int_equal(rig.evidence.text[STREAM_OUT].finding.class, CLASS_LIMIT);
        rig_down(&rig);
    }
}

/* What was found to be no mark is none in its later reads either, however they begin. */
static void test_rest_of_an_unread_line(void **state)
{
    (void)state;
    static const char *const starts[] = {"You", "{", "x"};
    static const size_t fills[] = {0, 2, 70000};
    static char fill[70000];
    memset(fill, 'x', sizeof fill);
    for (size_t i = 0; i < COUNT(starts) * COUNT(fills); i++) {
        const size_t length = fills[i % COUNT(fills)];
        const char *start = starts[i / COUNT(fills)];
        struct rig rig;
        rig_up(&rig);
        feed(&rig, start, 0);
        gate_feed(&rig.gate, fill, length, 0);
        feed(&rig, LIMIT, 0);
        assert_int_equal(rig.evidence.text[STREAM_OUT].finding.class, CLASS_NONE);
        feed(&rig, LIMIT, 0);
        assert_int_equal(rig.evidence.text[STREAM_OUT].finding.class, CLASS_LIMIT);
        assert_int_equal(rig.out.length, strlen(start) + length + strlen(LIMIT));
        rig_down(&rig);
    }
}

/* The longest line that is read, its end included, and the first that is not. */
static void test_longest_line(void **state)
{
    (void)state;
    static const char start[] =
        "{\"is_error\":true,\"api_error_status\":429,\"type\":\"result\",\"x\":\"";
    static char line[GATE_LINE_LONGEST + 1];
    for (size_t length = GATE_LINE_LONGEST; length <= GATE_LINE_LONGEST + 1; length++) {
        struct rig rig;
        rig_up(&rig);
        memset(line, 'x', sizeof line);
        memcpy(line, start, sizeof start - 1);
        memcpy(line + length - 3, "\"}\n", 3);
        gate_feed(&rig.gate, line, length, 0);
        assert_int_equal(rig.evidence.result_seen, length == GATE_LINE_LONGEST);
        gate_release(&rig.gate, false);
        assert_int_equal(rig.out.length, length);
        rig_down(&rig);
    }
}

static void test_odd_bytes(void **state)
{
    (void)state;
    static const char bytes[] =
        "\0\n\0a\0\nYou\0've\n\xff\xfe\r\n\n\n{\0}\n[\nYou've \0hit your limit";
    const size_t length = sizeof bytes - 1;
    for (size_t read = 1; read <= length; read++) {
        struct scene scene = {.bytes = {bytes}, .length = {length}, .read_size = read};
        struct play play;
        play_scene(&scene, &play);
        assert_int_equal(play.passed[STREAM_OUT].length, length);
        assert_memory_equal(play.passed[STREAM_OUT].data, bytes, length);
        play_finish(&play);
    }
}

static void test_end_reads_the_last_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum failure_class class;
        const char *out;
    } rows[] = {
        {"Credit balance is too low", CLASS_BILLING, ""},
        {"You've seen", CLASS_NONE, "You've seen"},
        {"x\nNot logged in", CLASS_AUTH, "x\n"},
        {"", CLASS_NONE, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rig rig;
        rig_up(&rig);
        feed(&rig, rows[i].text, 0);
        gate_end(&rig.gate);
        assert_int_equal(rig.evidence.text[STREAM_OUT].finding.class, rows[i].class);
        expect_out(&rig, rows[i].out);
        gate_end(&rig.gate);
        gate_release(&rig.gate, false);
        expect_out(&rig, rows[i].text);
        rig_down(&rig);
    }
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

/* A stream of pieces chosen at random. */
static void compose(unsigned *seed, struct buffer *text)
{
    static const char *const pieces[] = {
        "hello\n",
        "\n",
        "You",
        "th ",
        "You've",
        " seen ",
        LIMIT,
        "{\"type\":\"assistant\"}\n",
        "\r\n",
        "KeyError: 'x'\n",
        "\x1b[31m",
        "API Error: 529 Overloaded\n",
        "x",
        "[",
        "RateLimitError: 429 {}\n",
        "  at f\n",
    };
    for (unsigned n = next_random(seed) % 40; n > 0; n--)
        buffer_append_text(text, pieces[next_random(seed) % COUNT(pieces)]);
    buffer_append(text, "\0", next_random(seed) % 2);
}

/* Fed in reads of any size, with the clock going on and ticks in between. */
static void feed_at_random(struct rig *rig, unsigned *seed, const struct buffer *text)
{
    int64_t now = 0;
    for (size_t done = 0; done < text->length;) {
        size_t length = 1 + next_random(seed) % 30;
        if (length > text->length - done)
            length = text->length - done;
        gate_feed(&rig->gate, text->data + done, length, now);
        done += length;
        now += next_random(seed) % 4 * 40;
        gate_tick(&rig->gate, now);
        assert_true(gate_deadline(&rig->gate) == -1 || gate_deadline(&rig->gate) > now);
    }
    gate_end(&rig->gate);
}

/* However it is cut and whenever it comes: the same bytes in the same order, the same verdict. */
static void test_any_reads_at_any_time(void **state)
{
    (void)state;
    unsigned seed = 20261120;
    for (int round = 0; round < 2000; round++) {
        struct rig whole, cut;
        struct buffer text = {0};
        rig_up(&whole);
        rig_up(&cut);
        compose(&seed, &text);
        gate_feed(&whole.gate, buffer_text(&text), text.length, 0);
        gate_end(&whole.gate);
        feed_at_random(&cut, &seed, &text);
        const struct finding *a = &whole.evidence.text[STREAM_OUT].finding;
        const struct finding *b = &cut.evidence.text[STREAM_OUT].finding;
        assert_int_equal(a->class, b->class);
        assert_string_equal(a->line, b->line);
        gate_release(&cut.gate, false);
        assert_int_equal(cut.out.length, text.length);
        assert_memory_equal(buffer_text(&cut.out), buffer_text(&text), text.length);
        buffer_finish(&text);
        rig_down(&whole);
        rig_down(&cut);
    }
}

/* An array of all that was said, in one line, as --output-format json --verbose prints it. */
static void test_a_long_array(void **state)
{
    (void)state;
    static const struct {
        const char *end;
        bool held;
    } rows[] = {
        {"{\"type\":\"result\",\"is_error\":true,\"api_error_status\":429,\"result\":\"x\"}]\n",
         true},
        {"{\"type\":\"result\",\"is_error\":false,\"result\":\"x\"}]\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out = {0};
        struct play play;
        buffer_append_text(&out, "[");
        for (int n = 0; n < 3000; n++)
            buffer_append_format(&out, "{\"type\":\"user\",\"text\":\"%0100d\"},", n);
        buffer_append_text(&out, rows[i].end);
        assert_true(out.length > 4 * GATE_LINE_LONGEST);
        struct scene scene = {.bytes = {buffer_text(&out)},
                              .read_size = 65536,
                              .last_word = true,
                              .ending = {.code = rows[i].held}};
        play_scene(&scene, &play);
        assert_int_equal(play.early[STREAM_OUT], rows[i].held ? 0 : out.length);
        assert_int_equal(play.finding.class, rows[i].held ? CLASS_THROTTLED : CLASS_NONE);
        assert_int_equal(play.passed[STREAM_OUT].length, out.length);
        play_finish(&play);
        buffer_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_at_every_offset),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_plain_output_goes_on_at_once),
        cmocka_unit_test(test_mark_and_what_follows_wait),
        cmocka_unit_test(test_partial_line),
        cmocka_unit_test(test_partial_line_that_was_a_mark),
        cmocka_unit_test(test_partial_line_waits_once),
        cmocka_unit_test(test_hold_is_bounded_in_time),
        cmocka_unit_test(test_hold_is_bounded_in_bytes),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_rest_of_an_unread_line),
        cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_end_reads_the_last_line),
        cmocka_unit_test(test_any_reads_at_any_time),
        cmocka_unit_test(test_a_long_array),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
