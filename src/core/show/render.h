/* Sentences for people: what happened, to which key, until when, what comes next. */
#pragma once

#include "base/buffer.h"
#include "core/evidence/resettime.h"
#include "core/pool/destination.h"
#include "core/pool/failure.h"
#include "core/state/rotation.h"
#include "core/state/state.h"

#include <stdbool.h>
#include <stdint.h>

/* "23:02" today, "Nov 24 08:41" on another day, "Jan 2 2027 08:41" in another year, in the
 * machine's zone. */
void render_time(struct buffer *text, int64_t when, int64_t now, const struct zone_ops *zones);

/* "Nov 20 22:45", whatever day it is: for lists that line up. */
void render_stamp(struct buffer *text, int64_t when, const struct zone_ops *zones);

/* "reached its session limit", "was refused (401) …": what happened to a key. */
void render_failure(struct buffer *text, const struct finding *finding);

/* `"home" reached its session limit (resets 23:02)` */
void render_key_failure(struct buffer *text, const char *name, const struct finding *finding,
                        int64_t until, int64_t now, const struct zone_ops *zones);

/* ` (resets 23:02)`; of a limit whose end was not told ` (rests until 23:02, reset unknown)`
 */
void render_rest(struct buffer *text, enum failure_class class, bool is_told, int64_t until,
                 int64_t now, const struct zone_ops *zones);

/* `limited until 23:02 (in 1h 12m)`, `ready`, `disabled`, …: a key's state in one phrase. */
void render_standing(struct buffer *text, const struct candidate *candidate, int64_t now,
                     const struct zone_ops *zones);

/* `5h 76 %, resets 16:00 · 7d 31 %`: the windows of a plan that were told and are not over; nothing
 * if none is known. Of a full one, and of the fullest, the reset is told. */
void render_windows(struct buffer *text, const struct record *record, int64_t now,
                    const struct zone_ops *zones);

/* `5h 76% 7d 31%`: the same in few characters. */
void render_windows_short(struct buffer *text, const struct record *record, int64_t now);

/* `"home" ends on 2026-12-03 (in 12d); get a new one with …`: for a key whose end is known. */
void render_key_end(struct buffer *text, const struct key *key, int64_t now);

/* `https://proxy.corp (its base_url)`: where a key goes, and why. An address that holds what must
 * not be shown is only named by its variable. */
void render_destination(struct buffer *text, const struct destination *to);
