/* Client adapters: what a program needs done to its call so that a credential reaches it and a run
 * can be carried on. Two: `generic` repeats the command, `claude` knows Claude Code. */
#pragma once

#include "core/client/claude_args.h"
#include "core/client/options.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stddef.h>

enum client_id { CLIENT_GENERIC, CLIENT_CLAUDE };

#define CLIENT_SESSION_ID 37 /* a UUID and NUL */
#define CLIENT_CONTINUE   "Continue from where you left off."

/* A call, analysed once per run. */
struct client_call {
    enum client_id id;
    char *const *argv;
    struct claude_args claude;          /* CLIENT_CLAUDE */
    bool interactive;                   /* a person's session: its streams are left alone */
    bool has_session;                   /* there is a session that could be carried on */
    bool names_session;                 /* the first attempt is given session_id by us */
    const char *model;                  /* takes the place of the one asked for; NULL: none does */
    char session_id[CLIENT_SESSION_ID]; /* "" while it is not known (--continue) */
};

/* How an attempt relates to the one before. */
enum carry {
    CARRY_FIRST,   /* the user's own call */
    CARRY_REPEAT,  /* the same again, from the start */
    CARRY_PROMPT,  /* the same conversation, nothing was done yet: the prompt again */
    CARRY_CONTINUE /* the same conversation, work was begun: "Continue …" */
};

/* `terminal`: stdin and stdout are both one. `fresh_id`: a new UUID, used where the call has no
 * session of its own. `help`: what the client's --help prints, borrowed; NULL where it is not
 * known. */
void client_analyse(char *const *argv, const struct options *options, bool terminal,
                    const char *fresh_id, const char *help, struct client_call *ret_call);

/* The vector of one attempt; `settings` is the shield's --settings value or NULL. Strings are
 * borrowed, the caller frees the vector. NULL if out of memory. */
char **client_arguments(const struct client_call *call, enum carry carry, const char *settings);

/* How the next attempt goes on after a used-up key. */
enum carry client_next_carry(const struct client_call *call, const struct options *options,
                             bool session_exists, bool work_begun);

/* The kinds this call can use; for struct demand's can_use, with the call as its context. */
bool client_can_use(const struct kind *kind, const void *call);

const char *client_name(enum client_id id);
