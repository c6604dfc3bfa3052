/* A key on its way into the key file, in two parts: what is said of it (keys_add.c) and where its
 * secret comes from (keys_token.c). */
#pragma once

#include "base/json.h"
#include "commands/keys/keys_fields.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stdint.h>

struct addition {
    const char *name;
    struct key_fields fields;
    const char *token_file, *config_dir;
    char **command; /* NULL-terminated; NULL if not said */
    bool master;
    bool renews;      /* the key is there already */
    struct kind kind; /* if fields.kind */
    int64_t now;
    cJSON *entry; /* what goes into the file */
};

/* Puts a command, a file or a folder into the entry, or asks for the token itself: on the terminal
 * if standard input is one, else standard input's first line. A token that can be seen is judged.
 * False after saying what was wrong. */
bool addition_take_source(struct addition *addition);
