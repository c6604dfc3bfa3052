/* Lengths of time as clients and servers word them: looser than base/duration.h, which reads what
 * the user gives. All are rounded up to whole seconds, so that nobody is early. */
#pragma once

#include "base/cursor.h"

#include <stdbool.h>
#include <stdint.h>

/* "3h 20m", "45 minutes", "1 hour and 30 min", "1.5s", "250ms"; what follows does not matter.
 * False, with *ret_seconds untouched, if no number with a unit stands there or the sum is over
 * DURATION_MAX. */
bool span_read(struct cursor c, int64_t *ret_seconds);

/* A bare number of seconds, "30" or "1.5", up to 9999999. `labelled`: a colon stood before it, so a
 * word after the number does not say what it counts. False, with *ret_seconds untouched, if no
 * number stands there or it belongs to something else: "30s", a date, a clock time. */
bool span_read_bare(struct cursor c, bool labelled, int64_t *ret_seconds);
