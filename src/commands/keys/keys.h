/* The verbs of `tcr-run keys`, each with its own argument vector, and what they share. */
#pragma once

#include "commands/arguments.h"
#include "system/keys/keychange.h"

int keys_list(int argc, char **argv);
int keys_add(int argc, char **argv);
int keys_renew(int argc, char **argv);
int keys_login(int argc, char **argv);
int keys_refresh(int argc, char **argv);
int keys_set(int argc, char **argv);
int keys_edit(int argc, char **argv);
int keys_show(int argc, char **argv);
int keys_remove(int argc, char **argv);
int keys_rename(int argc, char **argv);
int keys_enable(int argc, char **argv);
int keys_disable(int argc, char **argv);
int keys_order(int argc, char **argv);
int keys_fallback(int argc, char **argv);
int keys_check(int argc, char **argv);
int keys_import(int argc, char **argv);
int keys_seal(int argc, char **argv);
int keys_unseal(int argc, char **argv);

/* arguments_parse for a verb, which all take --passphrase-fd too. */
int keys_take(int argc, char **argv, const struct flag *flags, struct options *ret_options);

/* The same for a verb that takes from `least` to `most` words. False after saying what was
 * wrong and how the verb is used. */
bool keys_parse(int argc, char **argv, const struct flag *flags, int least, int most,
                struct options *ret_options);

/* Says how a verb is used; returns EXIT_OWN_FAILURE. */
int keys_say_usage(const char *verb);

/* The path of the key file that the options or the environment name, freed by the caller; NULL
 * after saying that there is none. */
char *keys_path(const struct options *options);

/* Opens the key file that the options or the environment name. Returns 0, or EXIT_OWN_FAILURE after
 * saying why; ended with keychange_close either way. */
int keys_open(const struct options *options, struct keychange *ret_change);

/* The same, for what makes no sense without a file. */
int keys_open_existing(const struct options *options, struct keychange *ret_change);

/* Changes it; the same. */
int keys_change(struct keychange *change, keychange_edit *edit, void *context);

/* A key file was created: says so if the environment held keys, which are not used any more. */
void keys_say_what_is_hidden(const struct keychange *change);

/* Prints each line of `error`, or what `r` means if it is empty, with the path before it; finishes
 * the buffer. Returns EXIT_OWN_FAILURE. */
int keys_fail(const char *path, struct buffer *error, int r);
