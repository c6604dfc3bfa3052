/* The pool without a file: from the environment, so that a CI step needs none. */
#pragma once

#include "core/pool/keyring.h"

/* The pool of TCR_KEYS; else of Anthropic's plural lists; else CLAUDE_CODE_OAUTH_TOKEN as a pool of
 * one. OPENAI_API_KEYS and CURSOR_API_KEYS, pools of other kinds, in each case.
 * The master of TCR_MASTER_KEY, CLAUDE_FALLBACK_API_KEY or ANTHROPIC_API_KEY, whichever stands
 * first and not behind the pool's place (design.md, "Keys"). Returns 1 with *ret_keyring filled, 0
 * if there is none, -EINVAL with at least one line in report->errors, or -ENOMEM. `environment` is
 * NULL-terminated. */
int keyenv_parse(char *const *environment, struct keyring *ret_keyring,
                 struct keyring_report *report);
