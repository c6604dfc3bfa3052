/* The day that budgets and limits are for: from midnight to midnight in the machine's zone. Seconds
 * since 1970. The environment is only read: other threads do that too. */
#pragma once

#include <stdint.h>

int64_t today_begins(int64_t now);
int64_t today_ends(int64_t now);
