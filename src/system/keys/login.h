/* The login of Claude Code in a folder of its configuration; on macOS, where there is no such file,
 * in the login keychain. Read only: refresh.h renews the one in a file. */
#pragma once

#include "core/pool/keyring.h"

#include <stdint.h>

struct login {
    const char *token; /* in the keyring's store */
    int64_t ends;      /* seconds since 1970; 0: not told */
    bool can_renew;    /* there is a refresh token beside it, and both are in a file */
    bool in_keychain;
};

/* What lies in `folder` ("~/" is expanded), whether it has ended or not. Returns 0; -EINVAL with
 * one sentence in `error`; another negative errno. */
int login_look(struct keyring *keyring, const char *folder, struct buffer *error,
               struct login *ret_login);

/* Forgets that a refused login in a folder is over if its file was written since: somebody has
 * logged in. Does nothing to other keys. */
void login_forget_end(struct key *key);

/* The access token alone, and when it ends. -EINVAL also for one that has ended. */
int login_read(struct keyring *keyring, const char *folder, struct buffer *error,
               const char **ret_token, int64_t *ret_end);
