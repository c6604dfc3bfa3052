/* The typed fields with which Claude Code says that a request failed: in a result, in an assistant
 * row of a stream and in a row of a transcript, each in its own spelling. */
#pragma once

#include "base/json.h"
#include "core/evidence/message.h"

#include <stdbool.h>

/* The first text of a message's content, borrowed; NULL if it has none. */
const char *errorfields_first_text(const cJSON *message);

/* True if the row is about an error: it says so itself, or names the error. */
bool errorfields_is_error(const cJSON *row);

/* What an error's row says, with its message `text` (may be NULL). Returns as message_classify. */
int errorfields_read(const cJSON *row, const char *text, const struct reading_time *time,
                     struct finding *ret_finding);

/* A rate_limit_info: true if it names a window that is used up and not served as extra usage, with
 * *ret_window the limit that it is. */
bool errorfields_read_window(const cJSON *info, struct finding *ret_window);

/* Completes what a sentence said about a limit with the window's exact time and name, if it has
 * them. */
void errorfields_apply_window(const struct finding *window, struct finding *finding);
