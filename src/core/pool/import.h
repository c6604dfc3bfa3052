/* Reads keys from other tools' files, whose form is recognised by the content. */
#pragma once

#include "base/buffer.h"
#include "base/json.h"

#include <stddef.h>
#include <stdint.h>

enum import_form {
    IMPORT_OWN,      /* {"keys": [{"name", "token", …}], "master": …} */
    IMPORT_ACCOUNTS, /* {"accounts": {NAME: {"accessToken", "refreshToken", "expiresAt"}}} */
    IMPORT_LABELLED, /* {"keys": {ID: {"token", "label"}}, "profiles": {…}} */
    IMPORT_LOGIN,    /* Claude Code's own: {"claudeAiOauth": {…}} */
    IMPORT_ENV,      /* lines NAME=VALUE with the names of variables */
    IMPORT_LIST      /* a token a line, or NAME=TOKEN */
};

struct import {
    enum import_form form;
    cJSON *keys, *masters; /* arrays of entries as a key file has them; some without a name */
    struct buffer notes;   /* a line for each thing that was passed over; no secrets */
    size_t skipped;        /* how many keys these were */
    /* Of {"keys": {ID: …}}: the place in `keys` that each ID has, and its profiles as a key file
     * has them, with IDs in place of names. NULL if there are none. */
    cJSON *ids, *profiles;
    size_t profiles_added; /* by import_merge */
};
void import_finish(struct import *import);

/* Recognises the bytes and reads them. `folder` is the absolute path of the file's folder, for our
 * own files, which may name others; `now` is recorded with tokens whose end is not given. Returns
 * 0; -EINVAL with at least one line in ret_import->notes; -ENOMEM. The caller ends *ret_import in
 * any case. */
int import_read(const char *bytes, size_t length, const char *folder, int64_t now,
                struct import *ret_import);

/* Puts what was read into the JSON of a key file, each key's name after `prefix`. A name that is
 * taken gets a number, a secret that exists already is skipped, each with a line in import->notes.
 * Appends a line for each key and each profile to `added` and counts the keys. Returns 0 or
 * -ENOMEM, after which `file` must not be used. */
int import_merge(struct import *import, const char *prefix, cJSON *file, struct buffer *added,
                 size_t *ret_added);

/* "a file of accounts", …: for messages. */
const char *import_form_name(enum import_form form);
