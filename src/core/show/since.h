/* The time that `tcr-run log --since` names, and one to come. */
#pragma once

#include "core/evidence/instant.h" /* struct zone_ops */

#include <stdint.h>

/* What since_parse takes, for messages. */
#define SINCE_FORMS "2h, 3d, today, yesterday, 14:30, 2026-11-20 or \"2026-11-20 14:30\""

/* "2h" (so long ago), "today", "yesterday", "14:30" (the last time it was that), "2026-11-20",
 * "2026-11-20 14:30[:05]" (or with a T between), "Nov 20", "Nov 20 14:30" (the last one), in the
 * machine's zone. Times are seconds since 1970. Returns 0; -ERANGE for a time to come; -EINVAL.
 * *ret_since is untouched on failure. */
int since_parse(const char *text, int64_t now, const struct zone_ops *zones, int64_t *ret_since);

/* What until_parse takes, for messages. */
#define UNTIL_FORMS "90d, 2027-01-31 or \"2027-01-31 14:30\""

/* "90d" (from now), "2027-01-31" (when that day begins), "2027-01-31 14:30[:05]" (or with a T
 * between), in the machine's zone. Returns 0; -ERANGE for a time that is not to come; -EINVAL.
 * *ret_until is untouched on failure. */
int until_parse(const char *text, int64_t now, const struct zone_ops *zones, int64_t *ret_until);
