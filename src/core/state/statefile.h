/* The text form of a state: what state.h declares as state_parse and state_print stands in
 * statefile.c and stateprint.c, so that the rules and the format can be read apart. Here is what
 * these two share. */
#pragma once

#include "core/state/members.h"
#include "core/state/state.h"

/* Members that are known, by their place in these lists, which end in NULL. Of two with one name
 * the first counts. */
extern const char *const statefile_names[], *const statefile_record_names[],
                                                *const statefile_pool_names[];

enum {
    STATE_VERSION_AT,
    STATE_SALT,
    STATE_CURSOR,
    STATE_KEYS,
    STATE_ORGANIZATIONS,
    STATE_LEASES,
    STATE_MASTER_USES,
    STATE_WARNED,
    STATE_STANDS_IN,
    STATE_POOLS,
    STATE_USERS
};

enum {
    RECORD_COOLDOWNS,
    RECORD_NAME,
    RECORD_FAILURES,
    RECORD_RUNS,
    RECORD_LAST_USED,
    RECORD_LAST_FAILED,
    RECORD_LAST_CLASS,
    RECORD_WARNED_END,
    RECORD_WINDOWS,
    RECORD_WINDOWS_AT
};

enum { POOL_CURSOR, POOL_WARNED };
