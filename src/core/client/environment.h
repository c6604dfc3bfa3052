/* The child's environment, built from nothing: everything but credentials and routing as it came,
 * byte for byte and in order, then exactly one credential. */
#pragma once

#include "base/secret.h"
#include "core/client/options.h"

#include <stdbool.h>
#include <stddef.h>

/* True for names that carry a credential or redirect one (claude-code.md, "Credentials"), for every
 * TCR_* name and for what a client leaves to clients started inside it. */
bool environment_is_scrubbed(const char *name, size_t length);

/* The variables that send Claude Code's requests to a cloud; NULL past the last. */
const char *environment_cloud(size_t index);

/* One NAME=VALUE to set; a NULL value removes the name. */
struct assignment {
    const char *name;
    const char *value;
};

struct environment_plan {
    const struct name_list *keep, *scrub; /* the user's --keep and --scrub, may be NULL */
    bool clean;                           /* --clean-env */
    const struct assignment *set;         /* replaces or adds, in order */
    size_t set_count;
};

/* NULL-terminated; entries that came in are borrowed from the inherited environment, those made
 * here (one holds the secret) lie in the store. */
struct environment {
    char **entries;
    struct secret_store *store;
};

/* The value of a variable that the command will get as it came; NULL if it gets none. */
const char *environment_passed(char *const *inherited, const struct environment_plan *plan,
                               const char *name);

/* Returns 0, or -ENOMEM with *ret_environment untouched. The caller ends it with
 * environment_finish. */
int environment_build(char *const *inherited, const struct environment_plan *plan,
                      struct environment *ret_environment);
void environment_finish(struct environment *environment);

/* The names of `inherited` that `built` lacks, and those of `built` that are new or changed, one a
 * line as "- NAME" and "+ NAME": never a value. */
void environment_describe(char *const *inherited, char *const *built, struct buffer *text);
