/* Decides which parts of a provider's answer the client gets, and when. */
#pragma once

#include "core/gateway/retry.h"
#include "core/pool/failure.h"
#include "gateway/exchange.h"

void delivery_drop_refusal(struct exchange *exchange);

/* Starts to pass the provider's answer on as it comes. */
enum exchange_state delivery_begin(struct exchange *exchange);

/* The try was the last one. Its answer is passed on, or an earlier one if that key is ready sooner,
 * or, if nothing came, an error of our own. */
enum exchange_state delivery_pass_on(struct exchange *exchange, enum retry_event event,
                                     const struct finding *finding);

/* Called before another key is tried. */
void delivery_keep_refusal(struct exchange *exchange, const struct finding *finding);

/* What the key's answer says of it is what its rest is about: kept for requests that come while
 * nothing else is left. */
void delivery_remember_refusal(struct exchange *exchange, const struct finding *finding);

/* No key is left to be asked. */
enum exchange_state delivery_without_key(struct exchange *exchange);

/* A request that waits for a key gets the head of its stream, if it has not, and a ping. False if
 * out of memory. */
bool delivery_ping(struct exchange *exchange);

/* The answer has begun with pings: what ends it is an event. */
enum exchange_state delivery_refuse_open(struct exchange *exchange, int status,
                                         const char *sentence);

/* The provider has nothing more to say: well or not. */
void delivery_end_stream(struct exchange *exchange);
