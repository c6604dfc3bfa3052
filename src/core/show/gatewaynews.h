/* What a gateway tells the run it was started for (src/core/gateway/contract.h), and the line that
 * the run says of it when it has ended. */
#pragma once

#include "base/buffer.h"
#include "core/evidence/resettime.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATEWAYNEWS_MOST 32
#define GATEWAYNEWS_NAME 80

/* A key that failed while the session went on. */
struct gatewaynews_failure {
    char key[GATEWAYNEWS_NAME];
    struct finding finding; /* class, what, model, until */
    int64_t at;             /* seconds since 1970 */
};

struct gatewaynews_served {
    char key[GATEWAYNEWS_NAME];
    unsigned long requests;
};

/* Plain data, zeroed at first. What does not fit is left out. */
struct gatewaynews {
    bool listening;
    struct gatewaynews_failure failures[GATEWAYNEWS_MOST]; /* the last of each key, oldest first */
    size_t failure_count;
    struct gatewaynews_served served[GATEWAYNEWS_MOST];
    size_t served_count;
    char master[GATEWAYNEWS_NAME]; /* the master that was used; "" if none was */
    unsigned long refused;
    bool exhausted; /* a request found no key left */
};

/* Reads one line, without its newline. What is not understood, a newer gateway's say, is passed
 * over. */
void gatewaynews_read(struct gatewaynews *news, const char *line, size_t length);

/* Requests that came through, answered or not. */
unsigned long gatewaynews_requests(const struct gatewaynews *news);

/* Appends the line, without prefix and period; nothing if no key failed and the master was not
 * used: then there is nothing that a person has to know. */
void gatewaynews_tell(const struct gatewaynews *news, int64_t now, const struct zone_ops *zones,
                      struct buffer *text);
