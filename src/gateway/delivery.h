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

/* The answer says why the key rests: kept for requests that come while no other key is left. */
void delivery_remember_refusal(struct exchange *exchange, const struct finding *finding);

/* No key is left to try. */
enum exchange_state delivery_without_key(struct exchange *exchange);

/* x-tcr-queued, for an answer that was held for so long; nothing if it was not. */
void delivery_append_queued(int64_t queued_ms, struct buffer *head);

/* Sends a request that waits for a key the head of its stream, if that has not been sent, and a
 * ping. False if out of memory. */
bool delivery_ping(struct exchange *exchange);

/* The answer has begun with pings, so the refusal is sent as an event. */
enum exchange_state delivery_refuse_open(struct exchange *exchange, int status,
                                         const char *sentence);

/* The provider's answer has ended, well or not. */
void delivery_end_stream(struct exchange *exchange);
