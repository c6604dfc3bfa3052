/* The provider's answer in the format of the one who asked: a stream as it comes, or one body. */
#pragma once

#include "core/translate/translate.h"

struct reply;

/* NULL if there is no memory. `id` is letters and digits, another for each answer; both it and the
 * translation are borrowed. `stream`: an event stream comes and goes; else one body. */
struct reply *reply_create(const struct translation *translation, const char *id, int64_t created,
                           bool stream);
void reply_destroy(struct reply *reply);

/* Takes what came, split anywhere, and appends what to send for it. Nothing of a whole answer is
 * sent before its end. */
void reply_feed(struct reply *reply, const char *bytes, size_t length, struct buffer *out);

/* The provider's answer is over. An incomplete one ends with an error in the client's format. */
void reply_end(struct reply *reply, struct buffer *out);

/* True once the last byte has been written. */
bool reply_has_ended(const struct reply *reply);

/* What has no equivalent in the client's format, as in struct translation. */
const char *reply_notes(const struct reply *reply);

/* The type of the error that the answer ended with, as Anthropic names it; NULL if it ended without
 * one. */
const char *reply_fault(const struct reply *reply);
