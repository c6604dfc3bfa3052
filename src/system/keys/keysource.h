/* Where keys come from: the key file and the token files it names, the environment, commands. */
#pragma once

#include "core/pool/keyring.h"

#include <stdbool.h>

struct host;

#define KEYSOURCE_ENVIRONMENT     "the environment" /* the origin of keys without a file */
#define KEYSOURCE_FILE_LARGEST    (8 * 1024 * 1024)
#define KEYSOURCE_TOKEN_LARGEST   65536
#define KEYSOURCE_COMMAND_SECONDS 60

/* Loads the pool: `file` (--keys; NULL: TCR_KEYS_FILE, else the XDG place if it is there, else the
 * environment), then the token files. Mistakes become lines of the report, beginning with the place
 * in *ret_origin (a path or "the environment"; the caller frees it). Returns 0; -ENOENT if there is
 * no key anywhere; -EINVAL with lines in report->errors; -ENOMEM. */
int keysource_load(const char *file, char *const *environment, struct keyring *ret_keyring,
                   struct keyring_report *report, char **ret_origin);

/* Makes a key ready for use: runs its token_command (no shell, its stderr shown, a time limit),
 * and gives up if the host is interrupted. Returns 0; -EINVAL with one sentence in `error`; another
 * negative errno. */
int keysource_resolve(struct keyring *keyring, struct key *key, char *const *environment,
                      const struct host *host, struct buffer *error);

/* The path of the key file that keysource_load would read, whether it is there or not. Freed by the
 * caller; NULL if there is none. */
char *keysource_path(const char *file, char *const *environment);

/* The default path of the key file; freed by the caller; NULL if there is no home. */
char *keysource_default_path(void);
