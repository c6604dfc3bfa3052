#include "support.h"

#include "core/client/claude_args.h"
#include "core/client/claude_help.h"
#include "core/client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Usage: claude [options] [command] [prompt]\n"
                           "\n"
                           "Options:\n"
                           "  --allowedTools, --allowed-tools <tools...>\n"
                           "      Comma or space-separated list\n"
                           "  -d, --debug [filter]                  Enable --later <x>\n"
                           "                                        -x, --not-one <value>\n"
                           "  --later <when>                        Said by a later version\n"
                           "  -y, --yes                             Flag\n"
                           "  --effort                              Took a value before\n"
                           "\n"
                           "Commands:\n"
                           "  agents [options]                      Manage them\n"
                           "                                        later in a line\n"
                           "  stop|kill <id>                        Stop\n";

#define MOST_WORDS 16

struct words {
    char text[256];
    char *list[MOST_WORDS];
};

static char **split(struct words *words, const char *line)
{
    size_t n = 0;
    snprintf(words->text, sizeof words->text, "%s", line);
    for (char *word = strtok(words->text, " "); word; word = strtok(NULL, " "))
        words->list[n++] = word;
    words->list[n] = NULL;
    return words->list;
}

static void join(char *const *argv, char *ret_line, size_t size)
{
    size_t length = 0;
    *ret_line = '\0';
    for (; *argv; argv++)
        length +=
            (size_t)snprintf(ret_line + length, size - length, "%s%s", length ? " " : "", *argv);
}

/* What a call becomes: `rewrite` says how. */
static void expect(const char *line, const char *its_help, const struct claude_rewrite *rewrite,
                   const char *expected)
{
    struct words words;
    struct claude_args args;
    char result[512];
    char **argv = split(&words, line);
    claude_args_parse(argv, its_help, &args);
    char **made = claude_args_rewrite(argv, &args, rewrite);
    assert_non_null(made);
    join(made, result, sizeof result);
    free(made);
    assert_string_equal(result, expected);
}

static const struct claude_rewrite first = {.session_id = "ID"};
static const struct claude_rewrite again = {.resume_id = "ID", .prompt = "GO"};

static void test_nothing_is_replaced(void **state)
{
    static const char *const lines[][2] = {
        {"claude -p ping", "claude --resume ID GO -p ping"},
        {"claude -p --allowedTools=Bash --permission-prompts none",
         "claude --resume ID GO -p --allowedTools=Bash --permission-prompts none"},
        {"claude -p --never-heard-of value", "claude --resume ID GO -p --never-heard-of value"},
        {"claude -p --session-id OWN ping", "claude --resume ID GO -p ping"},
        {"claude -p -- --ping", "claude --resume ID GO -p -- --ping"},
        {"npx claude -p ping", "npx claude --resume ID GO -p ping"},
        {"claude ping -p", "claude --resume ID GO ping -p"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect(lines[i][0], NULL, &again, lines[i][1]);
}

static void test_first_word(void **state)
{
    static const struct {
        const char *line, *help;
        bool subcommand, unknown;
    } calls[] = {
        {"claude stop name", NULL, true, false},
        {"claude kill name", help, true, false},
        {"claude daemon status", help, true, false},
        {"claude newer name", NULL, true, true},
        {"claude newer name", help, false, true},
        {"claude -p stop", NULL, false, false},
        {"claude --model opus stop", NULL, false, false},
        {"claude Stop", NULL, false, false},
        {"claude what?", NULL, false, false},
        {"claude", NULL, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct words words;
        struct claude_args args;
        claude_args_parse(split(&words, calls[i].line), calls[i].help, &args);
        if (args.subcommand != calls[i].subcommand || !args.unknown == calls[i].unknown)
            fail_msg("%s: subcommand %d, unknown %s", calls[i].line, args.subcommand,
                     args.unknown ? args.unknown : "none");
    }
}

static void test_first_word_stays_first(void **state)
{
    (void)state;
    expect("claude newer -p", help, &first, "claude newer --session-id ID -p");
    expect("claude Newer -p", help, &first, "claude --session-id ID Newer -p");
    expect("claude -p newer", help, &first, "claude --session-id ID -p newer");
}

static void test_help_of_the_client(void **state)
{
    (void)state;
    assert_int_equal(claude_help_arity(help, "--later", 7), ARITY_ONE);
    assert_int_equal(claude_help_arity(help, "--allowedTools", 14), ARITY_MANY);
    assert_int_equal(claude_help_arity(help, "--allowed-tools", 15), ARITY_MANY);
    assert_int_equal(claude_help_arity(help, "-d", 2), ARITY_OPTIONAL);
    assert_int_equal(claude_help_arity(help, "--debug", 7), ARITY_OPTIONAL);
    assert_int_equal(claude_help_arity(help, "--yes", 5), ARITY_NONE);
    assert_int_equal(claude_help_arity(help, "--not-one", 9), ARITY_UNKNOWN);
    assert_int_equal(claude_help_arity(help, "--late", 6), ARITY_UNKNOWN);
    assert_int_equal(claude_help_arity(NULL, "--later", 7), ARITY_UNKNOWN);
    assert_true(claude_help_has_command(help, "stop"));
    assert_true(claude_help_has_command(help, "kill"));
    assert_true(claude_help_has_command(help, "agents"));
    assert_false(claude_help_has_command(help, "later"));
    assert_false(claude_help_has_command(help, "agent"));
    assert_false(claude_help_has_command(NULL, "stop"));
    assert_true(claude_help_is_whole(help));
    assert_false(claude_help_is_whole("Usage: claude\n\nOptions:\n  --x\n"));
    assert_false(claude_help_is_whole(""));
}

/* With the client's list a value is a value, without it a word may be a prompt. */
static void test_its_list_decides(void **state)
{
    struct words words;
    struct claude_args args;
    (void)state;
    claude_args_parse(split(&words, "claude -p --later model"), help, &args);
    assert_int_equal(args.prompt, 0);
    assert_null(args.unknown);
    claude_args_parse(split(&words, "claude -p --later model"), NULL, &args);
    assert_int_equal(args.prompt, 3);
    assert_string_equal(args.unknown, "--later");
    claude_args_parse(split(&words, "claude -p --effort high"), help, &args);
    assert_int_equal(args.prompt, 3);
}

/* --bg refuses a session's id, and what answers outlives the run. */
static void test_background(void **state)
{
    struct words words;
    struct client_call call;
    const struct options options = {0};
    (void)state;
    client_analyse(split(&words, "claude --bg work"), &options, true, "ID", NULL, &call);
    assert_true(call.claude.background);
    assert_false(call.has_session || call.names_session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_replaced),    cmocka_unit_test(test_first_word),
        cmocka_unit_test(test_first_word_stays_first), cmocka_unit_test(test_help_of_the_client),
        cmocka_unit_test(test_its_list_decides),       cmocka_unit_test(test_background),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
