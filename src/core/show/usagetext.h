/* What `tcr-run usage` and the gateway's /usage tell: sums over requests, as JSON and CSV. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum usage_by {
    USAGE_BY_KEY,
    USAGE_BY_MODEL,
    USAGE_BY_DAY,
    USAGE_BY_SESSION,
    USAGE_BY_USER,
    USAGE_BY_COUNT
};

struct usage_question {
    enum usage_by by;
    int64_t since; /* seconds since 1970 */
};

struct usage_sum {
    char *name; /* "" for requests that name none */
    int64_t requests, failed;
    int64_t untold;   /* answers that did not tell their tokens */
    int64_t unpriced; /* of models without a price: they are not in `cost` */
    int64_t input, output, cache_read, cache_write;
    int64_t cost;
};

struct usage_report {
    struct usage_question question;
    struct usage_sum *sums;
    size_t count;
    struct usage_sum total; /* without a name */
    char **unpriced;        /* models without a price */
    size_t unpriced_count;
};

void usage_report_finish(struct usage_report *report);

/* Adds a sum to the total. */
void usage_sum_add(struct usage_sum *total, const struct usage_sum *sum);

/* Of "key", "model", …; USAGE_BY_COUNT for another name. */
enum usage_by usage_by_parse(const char *name);

void usagetext_append_json(struct buffer *text, const struct usage_report *report);

/* With a line of titles; money as a number of dollars (RFC 4180, but lines end in \n). A name that
 * a spreadsheet would take for a formula has ' before it; control characters, which a client may
 * have put into a model's name, are blanks. */
void usagetext_append_csv(struct buffer *text, const struct usage_report *report);
