/* Claude Code in the place of a provider: a request becomes one line of its stream-json input, and
 * the lines of its output one answer. */
#pragma once

#include "core/translate/translate.h"

#define AGENT_MODEL 128

/* Of a request in the client's format (Messages or Chat Completions), the line, ended by '\n', and
 * the model, "" if it names none that can stand in an argument. The system prompt and the earlier
 * turns stand before what was said last. False as translate_request. */
bool agent_request(struct translation *translation, const char *body, size_t length,
                   char ret_model[AGENT_MODEL], struct buffer *ret_line);

struct agent_reply;

/* NULL if there is no memory. Borrows as reply_create does. */
struct agent_reply *agent_reply_create(const struct translation *translation, const char *id,
                                       int64_t created);
void agent_reply_destroy(struct agent_reply *reply);

/* What it wrote, split anywhere, and what goes out for it: of a stream its text as it comes, else
 * all at the end. */
void agent_reply_feed(struct agent_reply *reply, const char *bytes, size_t length,
                      struct buffer *out);

/* It writes no more. Without a result before, the answer ends in an error. */
void agent_reply_end(struct agent_reply *reply, struct buffer *out);

bool agent_reply_has_ended(const struct agent_reply *reply);

/* The error that it ended with: its type as Anthropic names it, and a sentence; NULL if none. */
const char *agent_reply_fault(const struct agent_reply *reply, const char **ret_sentence);
