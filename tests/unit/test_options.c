#include "core/client/options.h"

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WORDS = 12 };

static int count_words(char *const *words)
{
    int count = 0;
    while (words[count])
        count++;
    return count;
}

/* getopt may permute what it is given: the words are copied. */
static int parse(const char *const *words, struct options *options, struct buffer *error)
{
    static char *argv[400];
    int count = 0;
    argv[count++] = (char *)"tcr-run";
    while (*words)
        argv[count++] = (char *)*words++;
    argv[count] = NULL;
    return options_parse(count, argv, options, error);
}

static void parse_well(const char *const *words, struct options *options)
{
    struct buffer error = {0};
    if (parse(words, options, &error) != 0)
        fail_msg("%s: %s", words[0], buffer_text(&error));
    assert_string_equal(buffer_text(&error), "");
    buffer_finish(&error);
}

#define PARSE(options, ...) parse_well((const char *const[]){__VA_ARGS__, NULL}, options)

static void test_nothing_but_a_command(void **state)
{
    (void)state;
    struct options options;
    PARSE(&options, "--", "claude", "-p", "--key", "--", "x");
    assert_int_equal(count_words(options.command), 5);
    assert_string_equal(options.command[0], "claude");
    assert_string_equal(options.command[3], "--");
    assert_null(options.command[5]);
    assert_null(options.key);
    assert_null(options.keys_file);
    assert_null(options.client);
    assert_int_equal(options.via, VIA_AUTO);
    assert_false(options.waits || options.no_master || options.clean_env || options.quiet);
    assert_false(options.help || options.version);
    assert_int_equal(options.verbosity, 0);
    options_finish(&options);
}

static void test_values(void **state)
{
    (void)state;
    struct options options;
    PARSE(&options, "--keys", "k.json", "--profile=cheap", "--key", "home", "--retries", "5",
          "--cooldown", "60,auth=2h", "--retry-on", "limit,auth", "--via", "fd", "--client",
          "claude", "--wait=2h", "--", "x");
    assert_string_equal(options.keys_file, "k.json");
    assert_string_equal(options.profile, "cheap");
    assert_string_equal(options.key, "home");
    assert_string_equal(options.client, "claude");
    assert_int_equal(options.via, VIA_FD);
    assert_true(options.waits);
    assert_int_equal(options.wait_longest, 7200);
    struct policy policy = policy_default();
    struct buffer error = {0};
    assert_int_equal(options_apply_policy(&options, &policy, &error), 0);
    assert_int_equal(policy.retries, 5);
    assert_int_equal(policy.cooldown_all, 60);
    assert_int_equal(policy.cooldown[CLASS_AUTH], 7200);
    assert_true(policy_rotates(&policy, CLASS_AUTH));
    assert_false(policy_rotates(&policy, CLASS_SERVER));
    options_finish(&options);
}

static void test_short_forms(void **state)
{
    (void)state;
    struct options options;
    PARSE(&options, "-f", "k.json", "-pcheap", "-k", "home", "-r5", "-c", "5m", "-m", "auth=^no$",
          "-w90s", "-qvv", "--", "x");
    assert_string_equal(options.keys_file, "k.json");
    assert_string_equal(options.profile, "cheap");
    assert_string_equal(options.key, "home");
    assert_string_equal(options.retries, "5");
    assert_string_equal(options.cooldown, "5m");
    assert_int_equal(options.taught.marker_count, 1);
    assert_int_equal(options.wait_longest, 90);
    assert_true(options.quiet);
    assert_int_equal(options.verbosity, 2);
    options_finish(&options);
}

static void test_switches(void **state)
{
    (void)state;
    struct options options;
    PARSE(&options, "--no-master", "--no-model-fallback", "--clean-env", "--no-fast-fail",
          "--no-resume", "--auto", "--quiet", "--verbose", "--wait", "--mask", "--", "x");
    assert_true(options.no_master && options.no_model_fallback && options.clean_env &&
                options.no_fast_fail && options.mask);
    assert_true(options.no_resume && options.carry_on_unasked && options.quiet && options.waits);
    assert_true(options.wait_longest > 86400);
    assert_int_equal(options.verbosity, 1);
    options_finish(&options);
}

/* The value of --wait may stand alone; behind -- there is the command. */
static void test_wait_takes_a_length_of_time(void **state)
{
    (void)state;
    struct options options;
    PARSE(&options, "-w", "2h", "--", "x");
    assert_true(options.waits);
    assert_int_equal(options.wait_longest, 7200);
    PARSE(&options, "-w", "--", "2h");
    assert_true(options.waits);
    assert_string_equal(options.command[0], "2h");
    options_finish(&options);
}

static void test_repeated_names(void **state)
{
    (void)state;
    struct options options;
    PARSE(&options, "--keep", "A", "--scrub", "AWS_*", "--keep", "B?", "--", "x");
    assert_int_equal(options.keep.count, 2);
    assert_string_equal(options.keep.names[0], "A");
    assert_string_equal(options.keep.names[1], "B?");
    assert_int_equal(options.scrub.count, 1);
    assert_string_equal(options.scrub.names[0], "AWS_*");
    options_finish(&options);
}

static void test_markers(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool first, second;
    } rows[] = {
        {"quota=0 left", true, false},
        {"quota=10 left", false, false},
        {"denied: no", false, true},
        {"is denied: no", false, false},
    };
    struct options options;
    PARSE(&options, "--marker", "limit=quota=0( |$)", "--marker", "none=^denied: ", "--", "x");
    assert_int_equal(options.taught.marker_count, 2);
    assert_int_equal(options.taught.markers[0].class, CLASS_LIMIT);
    assert_string_equal(options.taught.markers[0].text, "quota=0( |$)");
    assert_int_equal(options.taught.markers[1].class, CLASS_NONE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int first = regexec(&options.taught.markers[0].regex, rows[i].line, 0, NULL, 0);
        int second = regexec(&options.taught.markers[1].regex, rows[i].line, 0, NULL, 0);
        assert_int_equal(first == 0, rows[i].first);
        assert_int_equal(second == 0, rows[i].second);
    }
    options_finish(&options);
    options_finish(&options);
}

static void test_exit_classes(void **state)
{
    (void)state;
    struct options options;
    errno = ERANGE; /* of somebody before */
    PARSE(&options, "--exit-class", "1=none", "--exit-class", "75=limit", "--exit-class",
          "255=server", "--", "x");
    assert_int_equal(options.taught.exit_class[75], CLASS_LIMIT);
    assert_int_equal(options.taught.exit_class[255], CLASS_SERVER);
    assert_int_equal(options.taught.exit_class[1], CLASS_NONE);
    assert_int_equal(options.taught.exit_class[2], CLASS_NONE);
    options_finish(&options);
}

static void test_via(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum via via;
    } rows[] = {{"auto", VIA_AUTO}, {"env", VIA_ENV}, {"fd", VIA_FD}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options options;
        PARSE(&options, "--via", rows[i].word, "--", "x");
        assert_int_equal(options.via, rows[i].via);
        options_finish(&options);
    }
}

static void test_help_and_version_need_no_command(void **state)
{
    (void)state;
    static const char *const rows[][3] = {{"--help"}, {"-h"},           {"--version"},
                                          {"-V"},     {"-q", "--help"}, {"--help", "claude"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options options;
        parse_well(rows[i], &options);
        assert_true(options.help || options.version);
        assert_null(options.command);
        options_finish(&options);
    }
}

/* One sentence each: what was found, what was expected. */
static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS];
        const char *found, *expected;
    } rows[] = {
        {{NULL}, "no command given", "tcr-run [options] -- COMMAND"},
        {{"--"}, "no command given", "-- COMMAND"},
        {{"-q", "--"}, "no command given", "-- COMMAND"},
        {{"claude", "-p"}, "\"claude\"", "expected --"},
        {{"-q", "claude", "--", "x"}, "\"claude\"", "expected --"},
        {{"-w", "2x", "--", "x"}, "--wait: \"2x\"", "2h"},
        {{"--wait", "401d", "--", "x"}, "--wait: \"401d\" is too long", "400d"},
        {{"-w", "x", "--", "x"}, "\"x\"", "expected --"},
        {{"-q", "2h", "--", "x"}, "\"2h\"", "expected --"},
        {{"--wat", "--", "x"}, "--wat", "--help"},
        {{"-x", "--", "x"}, "-x", "--help"},
        {{"-qx", "--", "x"}, "-x", "--help"},
        {{"-q", "--wat=5", "--", "x"},
         "unknown option --wat; did you mean --wait? tcr-run",
         "--help"},
        {{"--key"}, "--key", "needs a value"},
        {{"-q", "-k"}, "-k", "needs a value"},
        {{"--quiet=1", "--", "x"}, "--quiet", "takes no value"},
        {{"--retries", "many", "--", "x"}, "--retries: \"many\"", "0 to 1000"},
        {{"--max-per-key", "0", "--", "x"}, "--max-per-key: \"0\"", "1 to 10000"},
        {{"--kind", "opnai", "--", "x"}, "--kind: unknown kind \"opnai\"", "openai"},
        {{"-r-1", "--", "x"}, "--retries: \"-1\"", "0 to 1000"},
        {{"--cooldown", "long", "--", "x"}, "--cooldown: \"long\"", "5m"},
        {{"-c", "bored=5m", "--", "x"}, "--cooldown: unknown class \"bored\"", "limit, throttled"},
        {{"--retry-on", "luck", "--", "x"}, "--retry-on: unknown class \"luck\"", "limit"},
        {{"--wait=never", "--", "x"}, "--wait: \"never\"", "2h"},
        {{"--wait=401d", "--", "x"}, "--wait: \"401d\" is too long", "400d"},
        {{"--cooldown", "99999999999", "--", "x"},
         "--cooldown: \"99999999999\" is too long",
         "400d"},
        {{"--via", "mail", "--", "x"}, "--via: \"mail\"", "auto, env or fd"},
        {{"--client", "vim", "--", "x"}, "--client: unknown client \"vim\"", "claude or generic"},
        {{"--keep", "", "--", "x"}, "--keep: \"\"", "name"},
        {{"--keep", "A=B", "--", "x"}, "--keep: \"A=B\"", "name"},
        {{"--scrub", "A=", "--", "x"}, "--scrub: \"A=\"", "name"},
        {{"--marker", "limit", "--", "x"}, "--marker: \"limit\"", "CLASS=REGEX"},
        {{"--marker", "limit=", "--", "x"}, "--marker: \"limit=\"", "CLASS=REGEX"},
        {{"--marker", "sad=x", "--", "x"}, "--marker: unknown class \"sad\"", "limit, throttled"},
        {{"--marker", "limit=(", "--", "x"}, "--marker: \"(\"", "regular expression"},
        {{"--exit-class", "75", "--", "x"}, "--exit-class: \"75\"", "CODE=CLASS"},
        {{"--exit-class", "0=limit", "--", "x"}, "--exit-class: \"0=limit\"", "1 to 255"},
        {{"--exit-class", "256=limit", "--", "x"}, "--exit-class: \"256=limit\"", "1 to 255"},
        {{"--exit-class", "=limit", "--", "x"}, "--exit-class: \"=limit\"", "1 to 255"},
        {{"--exit-class", "7=bad", "--", "x"},
         "--exit-class: unknown class \"bad\"",
         "limit, throttled"},
        {{"--exit-class", "99999999999999999999=limit", "--", "x"}, "99999", "1 to 255"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].words[0] ? rows[i].words[0] : "nothing";
        struct options options;
        struct buffer error = {0};
        assert_int_equal(parse(rows[i].words, &options, &error), -EINVAL);
        expect_part(row, buffer_text(&error), rows[i].found);
        expect_part(row, buffer_text(&error), rows[i].expected);
        assert_int_equal(count_lines(buffer_text(&error)), 0);
        options_finish(&options);
        buffer_finish(&error);
    }
}

/* `given` times the option, then a command; the last one has to be refused if `most` is passed. */
static void check_bound(const char *option, const char *value, int most)
{
    for (int given = most; given <= most + 1; given++) {
        const char *words[400] = {NULL};
        int n = 0;
        for (int i = 0; i < given; i++) {
            words[n++] = option;
            words[n++] = value;
        }
        words[n++] = "--";
        words[n++] = "x";
        struct options options;
        struct buffer error = {0};
        assert_int_equal(parse(words, &options, &error), given > most ? -EINVAL : 0);
        if (given > most)
            expect_part(option, buffer_text(&error), "more than");
        options_finish(&options);
        buffer_finish(&error);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    check_bound("--keep", "A", OPTIONS_MAX_NAMES);
    check_bound("--scrub", "A", OPTIONS_MAX_NAMES);
    check_bound("--marker", "limit=x", TAUGHT_MOST_MARKERS);
}

/* The next call does not begin where the last one, which failed half-way, left off. */
static void test_parses_again(void **state)
{
    (void)state;
    struct options options;
    struct buffer error = {0};
    assert_int_equal(parse((const char *const[]){"-qxv", "--", "x", NULL}, &options, &error),
                     -EINVAL);
    buffer_finish(&error);
    PARSE(&options, "-k", "home", "--", "x");
    assert_false(options.quiet);
    assert_int_equal(options.verbosity, 0);
    assert_string_equal(options.key, "home");
    options_finish(&options);
}

static void test_policy_mistake_is_passed_on(void **state)
{
    (void)state;
    const struct options options = {.retries = "many"};
    struct policy policy = policy_default();
    struct buffer error = {0};
    assert_int_equal(options_apply_policy(&options, &policy, &error), -EINVAL);
    expect_part("retries", buffer_text(&error), "\"many\"");
    buffer_finish(&error);
}

static void test_help_names_every_option(void **state)
{
    (void)state;
    static const char *const names[] = {
        "-f, --keys FILE",
        "-p, --profile NAME",
        "-k, --key NAME",
        "-r, --retries N",
        "--no-master",
        "-w, --wait[=MAX]",
        "-c, --cooldown SPEC",
        "--retry-on CLASSES",
        "-m, --marker CLASS=REGEX",
        "--exit-class CODE=",
        "--via HOW",
        "--keep NAME",
        "--scrub NAME",
        "--clean-env",
        "--client NAME",
        "--no-fast-fail",
        "--no-resume",
        "--auto",
        "-q, --quiet",
        "-v, --verbose",
        "-h, --help",
        "-V, --version",
        "--mask",
        "--log-format FORMAT",
    };
    struct buffer text = {0};
    options_describe(&text);
    for (size_t i = 0; i < COUNT(names); i++)
        expect_part("help", buffer_text(&text), names[i]);
    expect_part("help", buffer_text(&text), "  -k, --key NAME         use this key and no other\n");
    assert_true(count_lines(buffer_text(&text)) <= 20);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_but_a_command),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_short_forms),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_wait_takes_a_length_of_time),
        cmocka_unit_test(test_repeated_names),
        cmocka_unit_test(test_markers),
        cmocka_unit_test(test_exit_classes),
        cmocka_unit_test(test_via),
        cmocka_unit_test(test_help_and_version_need_no_command),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_parses_again),
        cmocka_unit_test(test_policy_mistake_is_passed_on),
        cmocka_unit_test(test_help_names_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
