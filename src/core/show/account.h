/* A key as an account that people and programs look at: one of four states, and what is known of it
 * as JSON. */
#pragma once

#include "base/json.h"
#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stdbool.h>
#include <stdint.h>

enum account_state {
    ACCOUNT_AVAILABLE,
    ACCOUNT_RATE_LIMITED, /* it rests; that ends by itself */
    ACCOUNT_AUTH_ERROR,   /* refused, or its login has ended: a person has to do something */
    ACCOUNT_DISABLED,     /* in the key file, or by the profile */
    ACCOUNT_STATES
};

/* Of a surveyed candidate. */
enum account_state account_state_of(const struct candidate *candidate, int64_t now);
const char *account_state_name(enum account_state state);

/* The object that `status --json` and the gateway have for a key; NULL members if out of memory. */
cJSON *account_describe(const struct candidate *candidate, const struct state *state,
                        bool is_master, int64_t now);
