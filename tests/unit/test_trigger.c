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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_word_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
