/* The table of subcommands. Anything else is a run. */
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/shellword.h"
#include "commands/command.h"
#include "commands/help.h"
#include "commands/host.h"
#include "core/client/client.h"
#include "core/client/options.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/ownpath.h"
#include "system/process/startup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int command_help(int argc, char **argv);

static int command_version(int argc, char **argv)
{
    (void)argv;
    if (argc == 1)
        return help_show_version();
    log_say("version takes no names; usage: tcr-run version");
    return EXIT_OWN_FAILURE;
}

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    bool has_verbs; /* and a help of its own */
} subcommands[] = {
    {"keys", command_keys, true},          {"status", command_status, false},
    {"reset", command_reset, false},       {"log", command_log, false},
    {"doctor", command_doctor, false},     {"explain", command_explain, false},
    {"classify", command_classify, false}, {"gateway", command_gateway, true},
    {"usage", command_usage, false},       {"setup", command_setup, true},
    {"help", command_help, false},         {"version", command_version, false},
};

#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static const struct subcommand *find_subcommand(const char *word)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(subcommands[i].name, word) == 0)
            return &subcommands[i];
    return NULL;
}

/* What follows is a command's own. */
static bool begins_command(const char *word)
{
    return strcmp(word, "--") == 0 || strcmp(word, "--token-command") == 0;
}

/* A subcommand with --help anywhere before a command. */
static bool wants_help(int argc, char **argv)
{
    if (argc < 2 || !find_subcommand(argv[1]))
        return false;
    for (int i = 2; i < argc && !begins_command(argv[i]); i++)
        if (asks_for_help(argv[i]))
            return true;
    return false;
}

/* `words` is a subcommand and what follows it: the first that is no option may be its verb. */
static int help_for(int count, char **words)
{
    const struct subcommand *subcommand = find_subcommand(words[0]);
    char help[] = "--help", *vector[] = {words[0], help, NULL, NULL};
    int status = 0;
    if (!subcommand->has_verbs)
        return help_show(words[0], &status) ? status : help_show_all();
    if (count > 1 && words[1][0] != '-' && strcmp(words[1], "help") != 0) {
        vector[1] = words[1];
        vector[2] = help;
    }
    return subcommand->run(vector[2] ? 3 : 2, vector);
}

/* The subcommand of which somebody typed the first letters. */
static const struct subcommand *find_beginning(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (length >= 3 && strncmp(subcommands[i].name, word, length) == 0)
            return &subcommands[i];
    return NULL;
}

static const char *find_near(const char *word)
{
    struct nearest nearest = nearest_begin(word, strlen(word));
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        nearest_consider(&nearest, subcommands[i].name);
    return nearest.word;
}

/* What can follow --. */
static bool is_command(const char *word)
{
    CLEANUP_FREE char *program = files_find_program(word);
    return program || strchr(word, '/') || strcmp(word, client_name(CLIENT_CLAUDE)) == 0;
}

static void suggest_command(int argc, char **argv)
{
    struct buffer line = {0};
    bool more = argc > 2 && strcmp(argv[2], "--") != 0;
    shellword_append(&line, argv[1]);
    if (more)
        buffer_append_char(&line, ' ');
    if (more)
        shellword_append(&line, argv[2]);
    log_say("unknown subcommand \"%s\"; did you mean: tcr-run -- %s%s", argv[1], buffer_text(&line),
            more && argc > 3 ? " ..." : "");
    buffer_finish(&line);
}

/* A word that is nearly a subcommand may still be a command's name: `test` is not `reset`. */
static int unknown_word(int argc, char **argv)
{
    const char *word = argv[1];
    const struct subcommand *longer = find_beginning(word);
    bool runs = is_command(word);
    const char *near = longer ? longer->name : runs ? NULL : find_near(word);
    if (near)
        log_say("unknown subcommand \"%s\"; did you mean: tcr-run %s", word, near);
    else if (keys_has_verb(word) && !runs)
        log_say("unknown subcommand \"%s\"; did you mean: tcr-run keys %s", word, word);
    else if (runs)
        suggest_command(argc, argv);
    else
        log_say("unknown subcommand \"%s\"; see tcr-run --help; a command to run comes after --",
                word);
    return EXIT_OWN_FAILURE;
}

static int command_help(int argc, char **argv)
{
    if (argc < 2)
        return help_show_all();
    if (find_subcommand(argv[1]))
        return help_for(argc - 1, argv + 1);
    const char *near = find_near(argv[1]);
    if (near)
        log_say("help: there is no subcommand \"%s\"; did you mean: tcr-run help %s", argv[1],
                near);
    else
        log_say("help: there is no subcommand \"%s\"; tcr-run --help lists them", argv[1]);
    return EXIT_OWN_FAILURE;
}

/* `tcr-run -f FILE status` is meant as `tcr-run status -f FILE`, and `tcr-run -f FILE keys list` as
 * `tcr-run keys list -f FILE`: the vector is put in that order. NULL if it holds no subcommand. */
static const struct subcommand *reorder(int argc, char **argv)
{
    const struct subcommand *subcommand = NULL;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0 && !subcommand; at++)
        subcommand = find_subcommand(argv[at]);
    at = subcommand ? options_word(argc, argv) : 0;
    subcommand = at ? find_subcommand(argv[at]) : NULL;
    if (!subcommand)
        return NULL;
    int words = subcommand->has_verbs && at + 1 < argc && argv[at + 1][0] != '-' ? 2 : 1;
    char *moved[2] = {argv[at], argv[at + words - 1]};
    memmove(argv + 1 + words, argv + 1, (size_t)(at - 1) * sizeof *argv);
    memcpy(argv + 1, moved, (size_t)words * sizeof *argv);
    return subcommand;
}

static int run_subcommand(const struct subcommand *subcommand, int argc, char **argv)
{
    return wants_help(argc, argv) ? help_for(argc - 1, argv + 1)
                                  : subcommand->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    const char *fault = startup_prepare();
    ownpath_note(argc > 0 ? argv[0] : NULL);
    if (argc < 1)
        fault = "it was started without a name of its own (an empty argument vector)";
    if (fault) {
        log_say("%s", fault);
        return EXIT_OWN_FAILURE;
    }
    if (!log_prepare(&command_host)) {
        log_say("TCR_LOG_FORMAT: expected text or json, found \"%s\"", getenv("TCR_LOG_FORMAT"));
        return EXIT_OWN_FAILURE;
    }
    if (argc == 1) {
        (void)help_show_all();
        return EXIT_OWN_FAILURE;
    }
    const struct subcommand *subcommand = find_subcommand(argv[1]);
    if (subcommand)
        return run_subcommand(subcommand, argc, argv);
    if (argv[1][0] != '-')
        return unknown_word(argc, argv);
    if (asks_for_help(argv[1]))
        return help_show_all();
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return help_show_version();
    subcommand = reorder(argc, argv);
    return subcommand ? run_subcommand(subcommand, argc, argv) : command_run(argc, argv);
}
