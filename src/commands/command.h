/* The subcommands. Each takes its own argument vector (argv[0] is its name) and gives the exit
 * status. */
#pragma once

#include <stdbool.h>

/* tcr-run itself failed: bad arguments, bad key file, no memory. */
#define EXIT_OWN_FAILURE 125
/* Nothing was run: no key could be used. */
#define EXIT_NO_KEY 75

int command_run(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_status(int argc, char **argv);
int command_log(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_reset(int argc, char **argv);
int command_keys(int argc, char **argv);
int command_gateway(int argc, char **argv);
int command_usage(int argc, char **argv);
int command_setup(int argc, char **argv);
int command_classify(int argc, char **argv);

/* Whether `tcr-run keys WORD` is one of them. */
bool keys_has_verb(const char *word);
