/* What the provider's messages mean, whatever prints them: a sentence on its line, an SDK's
 * exception, an error body, an HTTP status with the text beside it. What is typed goes before what
 * is worded; wordings are families (core/evidence/sentence.h), because they differ from one client
 * version to the next (claude-code.md, "Where a limit shows up"). */
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

/* What a structured place says of a failure: 0 or NULL for what it does not say. */
struct refusal {
    int status;            /* HTTP */
    const char *api_error; /* Claude Code's own name for what happened: "usage_limit_reached" */
    const char *type;      /* of the error body: "rate_limit_error" */
    const char *error;     /* Claude Code's older name: "rate_limit" */
    const char *text;      /* the message */
};

/* True if a line that begins with these bytes may be a message: then it is worth a moment's wait
 * for its end. A message after a tag or a time stamp is not seen so early. */
bool message_may_start(const char *bytes, size_t length);

/* Classifies one whole line. Returns 1 if it is a known failure, with *ret_finding filled (its
 * source excepted); 0, with it untouched, for anything else and for the near misses that only look
 * like one; -ENOMEM if there was too little memory to tell. */
int message_classify(const char *line, size_t length, const struct reading_time *time,
                     struct finding *ret_finding);

/* The same for a refusal: its typed fields first, then its text, then its status. Where memory is
 * short, the fields alone decide. */
int message_classify_refusal(const struct refusal *refusal, const struct reading_time *time,
                             struct finding *ret_finding);

/* The same for an HTTP status (0 if none), the error body's type (NULL if none) and its message
 * (NULL if none). */
int message_classify_structured(int status, const char *error, const char *text,
                                const struct reading_time *time, struct finding *ret_finding);

/* True for the first line of an exception or stack trace: something else went wrong after whatever
 * was printed before it. `chained` is set by the phrases that join two exceptions of one cause. */
bool message_is_other_error(const char *line, size_t length, bool *ret_chained);
