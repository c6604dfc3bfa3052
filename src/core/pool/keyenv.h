/* A pool from the environment, so that a CI step needs no key file. */
#pragma once

#include "core/pool/keyring.h"

/* The first variable that is set only for tcr-run and holds keys: a key file hides it. NULL: none.
 */
const char *keyenv_own(char *const *environment);

/* The pool of TCR_KEYS. Else the token that stands beside ANTHROPIC_BASE_URL, with that address,
 * and the keys of Anthropic's plural lists or CLAUDE_CODE_OAUTH_TOKEN. In each case the token
 * beside OPENAI_BASE_URL, and OPENAI_API_KEYS and CURSOR_API_KEYS, pools of other kinds. The master
 * of TCR_MASTER_KEY, CLAUDE_FALLBACK_API_KEY (at its provider's address, or that of
 * CLAUDE_FALLBACK_BASE_URL) or ANTHROPIC_API_KEY, whichever comes first here and not after the
 * pool's source (design.md, "Keys"). Returns 1 with *ret_keyring filled, 0 if there is none,
 * -EINVAL with at least one line in report->errors, or -ENOMEM. `environment` is NULL-terminated.
 */
int keyenv_parse(char *const *environment, struct keyring *ret_keyring,
                 struct keyring_report *report);
