/* The table of subcommands. Anything else is a run. */
#include "commands/command.h"
#include "commands/help.h"
#include "commands/host.h"
#include "system/log.h"
#include "system/process/startup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
} subcommands[] = {
    {"keys", command_keys},         {"status", command_status},   {"reset", command_reset},
    {"log", command_log},           {"doctor", command_doctor},   {"explain", command_explain},
    {"classify", command_classify}, {"gateway", command_gateway}, {"help", command_help},
};

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static const struct subcommand *find_subcommand(const char *word)
{
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
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

/* keys and gateway have a help of their own. */
static int help_for(const char *name)
{
    char own[] = "", help[] = "--help";
    char *vector[] = {own, help, NULL};
    return strcmp(name, "keys") == 0      ? command_keys(2, vector)
           : strcmp(name, "gateway") == 0 ? command_gateway(2, vector)
                                          : command_help(0, NULL);
}

/* The subcommand of which somebody typed the first letters. */
static const struct subcommand *find_beginning(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        if (length >= 3 && strncmp(subcommands[i].name, word, length) == 0)
            return &subcommands[i];
    return NULL;
}

static int unknown_word(int argc, char **argv)
{
    const char *word = argv[1];
    const struct subcommand *longer = find_beginning(word);
    if (longer)
        log_say("unknown subcommand \"%s\"; did you mean: tcr-run %s", word, longer->name);
    else if (keys_has_verb(word))
        log_say("unknown subcommand \"%s\"; did you mean: tcr-run keys %s", word, word);
    else if (argc > 2 && strcmp(argv[2], "--") != 0)
        log_say("unknown subcommand \"%s\"; did you mean: tcr-run -- %s %s%s", word, word, argv[2],
                argc > 3 ? " ..." : "");
    else
        log_say("unknown subcommand \"%s\"; did you mean: tcr-run -- %s", word, word);
    return EXIT_OWN_FAILURE;
}

int main(int argc, char **argv)
{
    const char *fault = startup_prepare();
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
        char *help[] = {argv[0], NULL};
        (void)command_help(1, help);
        return EXIT_OWN_FAILURE;
    }
    if (wants_help(argc, argv))
        return help_for(argv[1]);
    const struct subcommand *subcommand = find_subcommand(argv[1]);
    if (subcommand)
        return subcommand->run(argc - 1, argv + 1);
    if (argv[1][0] != '-')
        return unknown_word(argc, argv);
    if (asks_for_help(argv[1]))
        return command_help(argc, argv);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return command_version();
    return command_run(argc, argv);
}
