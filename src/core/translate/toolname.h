/* Names and ids of tools in the characters and lengths that each provider takes. */
#pragma once

#include "base/buffer.h"
#include "core/translate/raw.h"

#define TOOLNAME_MOST 64 /* OpenAI's names, and call ids of its Responses */

/* Names that were changed; all zeroes while there are none. */
struct toolnames {
    struct buffer rows;
};

void toolnames_finish(struct toolnames *names);

/* The name as it is sent, an inside of a string; one that is too long or has other characters than
 * letters, digits, '_' and '-' keeps its beginning and gets a hash of the whole. Remembered. */
struct part toolname_send(struct toolnames *names, struct part inside,
                          char ret_text[TOOLNAME_MOST + 1]);

/* The name that was sent as this one; the same if it was not changed. */
struct part toolname_restore(const struct toolnames *names, struct part inside);

/* An id of a call with the characters and the length that both take: the same each time, so a call
 * and its result still belong together. */
struct part toolid_send(struct part inside, char ret_text[TOOLNAME_MOST + 1]);
