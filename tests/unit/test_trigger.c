/* The words without which no line is looked at: each is found wherever it stands. */
#include "core/evidence/trigger.h"

#include "support.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Written down once more: a word that is lost is a failure that goes unseen. */
static const char *const words[] = {
    "limit",      "usage",      "credit",        "budget",   "error",
    "exception",  "traceback",  "oauth",         "invalid ", "failed to auth",
    "logged in",  "/login",     "organi",        "disabled", "have access",
    "\"result\"", "rate_limit", "\"assistant\"", "\"init\"",
};

/* The next time in the other case. */
static void append_word(struct buffer *line, const char *word, size_t style)
{
    for (size_t i = 0; word[i]; i++) {
        bool large = style == 1 || (style == 2 && i % 2 == 0) || (style == 3 && i % 2 == 1);
        buffer_append_char(line, (char)(large ? toupper((unsigned char)word[i]) : word[i]));
    }
}

static void test_each_word_is_found(void **state)
{
    (void)state;
    static const char before[] = "li us er or ex tr in\"re\"as/l";
    struct trigger trigger = {0};
    for (size_t i = 0; i < COUNT(words) * 4 * sizeof before; i++) {
        const char *word = words[i % COUNT(words)];
        size_t start = i / COUNT(words) / 4;
        struct buffer line = {0};
        buffer_append(&line, before + start, sizeof before - 1 - start);
        size_t place = line.length;
        append_word(&line, word, i / COUNT(words) % 4);
        if (trigger_find(&trigger, line.data, line.length) != place)
            fail_msg("%s is not found in its place", buffer_text(&line));
        assert_true(trigger_stands_in(line.data, line.length));
        /* Not whole yet. */
        assert_int_equal(trigger_find(&trigger, line.data, line.length - 1), line.length - 1);
        assert_false(trigger_stands_in(line.data, line.length - 1));
        buffer_finish(&line);
    }
}

#define ROOM 96

/* In memory of its own size, so that the sanitizer sees a byte read too many. */
static size_t find(const char *bytes, size_t length)
{
    static struct trigger trigger;
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, bytes, length);
    size_t found = trigger_find(&trigger, copy + 1, length);
    assert_int_equal(found < length, trigger_stands_in(copy + 1, length));
    test_free(copy);
    return found;
}

/* Wherever a word stands, and whatever stands around it. */
static void test_every_place(void **state)
{
    (void)state;
    static const char fillers[] = "x\n e2l\xc3";
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t size = strlen(words[i]);
        for (size_t place = 0; place + size <= ROOM; place++) {
            char bytes[ROOM];
            memset(bytes, fillers[place % (sizeof fillers - 1)], sizeof bytes);
            memcpy(bytes + place, words[i], size);
            for (size_t c = 0; c < size && place % 2; c++)
                bytes[place + c] = (char)toupper((unsigned char)bytes[place + c]);
            for (size_t length = place + size; length <= ROOM; length += 7)
                if (find(bytes, length) != place)
                    fail_msg("%s at %zu of %zu: %zu", words[i], place, length, find(bytes, length));
            assert_int_equal(find(bytes, place + size - 1), place + size - 1);
        }
    }
}

static void test_the_first_of_several(void **state)
{
    (void)state;
    assert_int_equal(find("a limit, an error", 17), 2);
    assert_int_equal(find("xerrolimit error", 16), 5);
    assert_int_equal(find("usagelimit", 10), 0);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          "l",
        "limi",      "The quick brown fox jumps over the lazy dog, and does it again and again.",
        "l i m i t",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(find(texts[i], strlen(texts[i])), strlen(texts[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_word_is_found),
        cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_the_first_of_several),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
