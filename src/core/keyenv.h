/* The pool without a file: from the environment, so that a CI step needs none. */
#pragma once

#include "core/keyring.h"

/* TCR_KEYS and TCR_MASTER_KEY; else the plural lists with CLAUDE_FALLBACK_API_KEY as the master;
 * else CLAUDE_CODE_OAUTH_TOKEN as a pool of one with ANTHROPIC_API_KEY as the master (design.md,
 * "Keys"). Returns 1 with *ret_keyring filled, 0 if there is none, -EINVAL with at least one line
 * in report->errors, or -ENOMEM. `environment` is NULL-terminated. */
int keyenv_parse(char *const *environment, struct keyring *ret_keyring,
                 struct keyring_report *report);
