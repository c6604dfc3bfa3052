#include "support.h"

#include "base/fold.h"

#include <string.h>

/* The sentence in lines of 20 columns, with "|" between them. */
static const char *folded(const char *sentence)
{
    static char lines[512];
    size_t next;
    *lines = '\0';
    for (; *sentence; sentence += next) {
        size_t length = fold_line(sentence, 20, &next);
        assert_true(length <= next && next <= strlen(sentence));
        strncat(lines, *lines ? "|" : "", 2);
        strncat(lines, sentence, length);
    }
    return lines;
}

static void breaks(void **unused)
{
    static const struct {
        const char *sentence, *lines;
    } cases[] = {
        {"", ""},
        {"a short one; fits", "a short one; fits"},
        {"twenty columns; fits", "twenty columns; fits"},
        {"the first one; the second one", "the first one|the second one"},
        {"one; two; three; four; five", "one; two; three|four; five"},
        {"of the provider; twenty columns; fits", "of the provider|twenty columns; fits"},
        {"a command that is far too long; the hint", "a command that is far too long|the hint"},
        {"a command that is far too long", "a command that is far too long"},
        /* Commas only where no other place is. */
        {"this one, that one; the next", "this one, that one|the next"},
        {"this one, that one, and the next", "this one, that one,|and the next"},
        {"this is a longer one, and one; c", "this is a longer one,|and one; c"},
        {"1234567890123456789, and more", "1234567890123456789,|and more"},
        {"12345678901234567890, and more", "12345678901234567890,|and more"},
        /* Colons where there is no comma either, and not for one word before it. */
        {"/a/path: of no use, at all", "/a/path: of no use,|at all"},
        {"/a/path: [1]: no such thing", "/a/path: [1]:|no such thing"},
        {"fix: what cannot be broken", "fix: what cannot be broken"},
        {"use: a [-b] [-c] [--long DE]", "use: a [-b] [-c]|[--long DE]"},
        {"use: [a [-b] | remove] [c]", "use: [a [-b] ||remove] [c]"},
        {"this [--one A | --two B]", "this [--one A ||--two B]"},
        /* What is quoted or in parentheses stays whole. */
        {"write \"first this; then that\"; done", "write \"first this; then that\"|done"},
        {"it rests (until noon; a guess); next", "it rests (until noon; a guess)|next"},
        {"no end to \"this; and that", "no end to \"this; and that"},
        {"a smile :); and ;) more; of that", "a smile :)|and ;) more; of that"},
        /* Columns, not bytes. */
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9; 1234567890; ab",
         "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9; 1234567890|ab"},
        {"no; ", "no; "},
        {"12345678901234567890; ", "12345678901234567890"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("case %zu\n", i);
        assert_string_equal(folded(cases[i].sentence), cases[i].lines);
    }
}

static void undone(void **unused)
{
    char lines[] = "tcr-run: one\ntcr-run:   fix: two\ntcr-run: three,\ntcr-run:   four\n"
                   "tcr-run: /a:\ntcr-run:   b\n"
                   "tcr-run:  five\n  six\n";
    (void)unused;
    fold_undo(lines);
    assert_string_equal(
        lines, "tcr-run: one; fix: two\ntcr-run: three, four\ntcr-run: /a: b\ntcr-run:  five\n"
               "  six\n");
    char none[] = "";
    fold_undo(none);
    assert_string_equal(none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(breaks), cmocka_unit_test(undone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
