/* The pool in the text format of Prometheus, for node_exporter's textfile collector: what the
 * metrics are called and mean stands in tcr-run-status(1). */
#pragma once

#include "base/buffer.h"
#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stddef.h>
#include <stdint.h>

/* Appends every metric of a surveyed rotation; `now` in seconds since 1970. */
void prometheus_append(struct buffer *text, const struct rotation *rotation,
                       const struct state *state, int64_t now);

/* What a gateway adds since its start. */
struct prometheus_served {
    const char *key;
    unsigned long requests;
};
struct prometheus_gateway {
    const char *version;
    const struct prometheus_served *served;
    size_t served_count;
    unsigned long refused;
    size_t open, connections;
};
void prometheus_append_gateway(struct buffer *text, const struct prometheus_gateway *gateway);
