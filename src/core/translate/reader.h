/* Reads answers in the three formats, and tells a turn what they say. */
#pragma once

#include "core/translate/turn.h"

/* One event of a stream; `data` is its data, which need not be JSON. */
void read_messages_event(struct turn *turn, struct part data);
void read_chat_event(struct turn *turn, struct part data);
void read_responses_event(struct turn *turn, struct part data);

/* A whole answer. */
void read_messages_whole(struct turn *turn, struct part body);
void read_chat_whole(struct turn *turn, struct part body);
void read_responses_whole(struct turn *turn, struct part body);

/* Ends the turn with the error that an object shows, {"error":{"type","message","code"}}, or one
 * that is the error itself. */
void read_fault(struct turn *turn, struct part object);
