/* The login of Claude Code in a folder of its configuration. Read only: its refresh token is of use
 * once, and that use is the client's. */
#pragma once

#include "core/pool/keyring.h"

#include <stdint.h>

/* The access token that lies in `folder` ("~/" is expanded), in the keyring's store, and when it
 * ends (seconds since 1970; 0: not told). Returns 0; -EINVAL with one sentence in `error`, also for
 * one that has ended; another negative errno. */
int login_read(struct keyring *keyring, const char *folder, struct buffer *error,
               const char **ret_token, int64_t *ret_end);
