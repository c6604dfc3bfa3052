/* Events as people read them. */
#pragma once

#include "base/buffer.h"
#include "core/evidence/resettime.h"
#include "core/state/event.h"

/* `Nov 20 22:45  "home" reached its session limit (resets 23:21); carried on with "work"`, without
 * a line end and without control characters. */
void eventtext_append(struct buffer *text, const struct event *event, const struct zone_ops *zones);

/* The same without the time before it. */
void eventtext_append_sentence(struct buffer *text, const struct event *event,
                               const struct zone_ops *zones);
