/* What the provider's messages mean, whatever prints them: a sentence alone on its line, an SDK's
 * exception, an HTTP status with the text beside it. Families of wordings, not sentences, because
 * they differ from one client version to the next (claude-code.md, "Where a limit shows up"). */
#pragma once

#include "core/evidence/resettime.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When a message was read, and how to read the times in it. */
struct reading_time {
    int64_t now; /* seconds since 1970 */
    const struct zone_ops *zones;
};

/* True unless the line that begins with these bytes (all of it with its '\n', or its first part)
 * can be ruled out as a known message by a few words: the cheap question asked of every line. */
bool message_may_start(const char *bytes, size_t length);

/* Classifies one whole line (or a message from a structured field). True if it is a known failure,
 * with *ret_finding filled (its source excepted); false, with it untouched, for anything else and
 * for the near misses that only look like one. */
bool message_classify(const char *line, size_t length, const struct reading_time *time,
                      struct finding *ret_finding);

/* Classifies what a structured place says: an HTTP status (0 if none), Claude Code's error name
 * (NULL if none) and the message (NULL if none). Same result as message_classify. */
bool message_classify_structured(int status, const char *error, const char *text,
                                 const struct reading_time *time, struct finding *ret_finding);

/* True if the last of these two calls had too little memory to look at all of its text: then its
 * false proves nothing. */
bool message_ran_out_of_memory(void);

/* True for the first line of an exception or stack trace: something else went wrong after whatever
 * was printed before it. `chained` is set by the phrases that join two exceptions of one cause. */
bool message_is_other_error(const char *line, size_t length, bool *ret_chained);
