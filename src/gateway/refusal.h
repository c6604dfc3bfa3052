/* The gateway's own answers, in the form that the client's provider would use, always with a
 * reason. */
#pragma once

#include "base/buffer.h"
#include "core/pool/provider.h"

#include <stdint.h>

struct exchange;

/* The JSON body of an error. */
void refusal_append_body(struct buffer *body, enum provider provider, int status,
                         const char *sentence);

/* The data of the event that ends a stream of OpenAI's Responses with it. */
void refusal_append_event(struct buffer *event, int status, const char *sentence);

/* Sets it as the exchange's answer, with further headers ("" if there are none; as in base/head.h).
 * False if out of memory. */
bool refusal_set(struct exchange *exchange, int status, const char *sentence, const char *more);

/* The answer to a probe. */
bool refusal_set_greeting(struct exchange *exchange);

/* The type of error that belongs to a status: "rate_limit_error" with 429. */
const char *refusal_type(int status);
