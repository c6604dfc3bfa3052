/* What a Claude Code says of its own options and subcommands, asked once for each program file and
 * kept below the state folder. A run reads what is there; only after it has ended is a client
 * asked, as its start takes longer than all of ours. */
#pragma once

struct host;

/* The --help of `program`, found on PATH, if the file is still the one that was asked; freed by the
 * caller. NULL if it is not known. */
char *clienthelp_load(const char *program);

/* Asks it, unless it has been asked already, and keeps the answer. It gets no key and no input.
 * What goes wrong is not said: then the next such run asks again. */
void clienthelp_ask(const char *program, char *const *environment, const struct host *host);
