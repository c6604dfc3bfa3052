/* What a request for /usage asks: ?by=key&since=2h&format=csv. */
#pragma once

#include "core/evidence/instant.h" /* struct zone_ops */
#include "core/show/usagetext.h"

#include <stdbool.h>
#include <stdint.h>

/* What is counted where nobody says since when, in seconds. */
#define USAGE_SINCE_DEFAULT ((int64_t)30 * 86400)

struct usage_query {
    struct usage_question question;
    bool is_csv;
};

/* `target` as on the request line. Returns 0, or -EINVAL with one sentence in `error`, which
 * repeats nothing of the target but the names that are known. */
int usagequery_parse(const char *target, int64_t now, const struct zone_ops *zones,
                     struct usage_query *ret_query, struct buffer *error);
