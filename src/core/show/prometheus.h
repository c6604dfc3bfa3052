/* The pool in the text format of Prometheus, for node_exporter's textfile collector: what the
 * metrics are called and mean stands in tcr-run-status(1). */
#pragma once

#include "base/buffer.h"
#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stdint.h>

/* Appends every metric of a surveyed rotation; `now` in seconds since 1970. */
void prometheus_append(struct buffer *text, const struct rotation *rotation,
                       const struct state *state, int64_t now);
