/* A key as the page shows it: as account.h has it, and what a person who orders and repairs keys
 * wants to know besides. Never a secret. */
#pragma once

#include "base/json.h"
#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pagekey {
    const struct candidate *candidate; /* surveyed */
    bool is_master;
    size_t order;    /* from 0, in which the pool's keys are tried */
    size_t sessions; /* of this gateway, that hold it */
};

/* NULL members if out of memory. */
cJSON *pagekey_describe(const struct pagekey *key, const struct state *state, int64_t now);
