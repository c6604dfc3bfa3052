/* A key on its way into the key file, in two parts: its fields (keys_add.c) and where its secret
 * comes from (keys_token.c). */
#pragma once

#include "base/json.h"
#include "commands/keys/keys_fields.h"
#include "core/pool/kind.h"
#include "system/keys/keychange.h"

#include <stdbool.h>
#include <stdint.h>

struct addition {
    const char *name;
    struct key_fields fields;
    const char *token_file, *config_dir, *keychain;
    char **command; /* NULL-terminated; NULL if not said */
    bool master;
    bool logs_in;     /* its secret is what Claude Code gets by logging in */
    bool renews;      /* the key is there already */
    struct kind kind; /* if fields.kind */
    int64_t now;
    cJSON *entry; /* what goes into the file */
};

/* The verb that it is for, for messages: "add", "renew" or "login". */
const char *addition_verb(const struct addition *addition);

/* Puts a command, a file or a folder into the entry, or asks for the token itself: on the terminal
 * if standard input is one, else standard input's first line. A token that can be seen is judged.
 * False after saying what was wrong. */
bool addition_take_source(struct addition *addition);

/* The same for a token that is at hand; `what` names it in messages. */
bool addition_take_token(struct addition *addition, const char *what, const char *token);

/* Puts it into the key file, as a new key or in place of the secret that is there. Returns the exit
 * status; what is wrong is said. */
int addition_add(struct keychange *change, struct addition *addition);
int addition_renew(struct keychange *change, struct addition *addition);

/* Has Claude Code log in, and takes the token from it, or sees that the login is in the folder.
 * False after saying what was wrong. */
bool addition_log_in(struct addition *addition);
