/* Counts what requests took: their tokens, and what those cost by the prices known here. Each is
 * recorded once it is over, in the file of usage (system/usage/usagewriter.h). */
#pragma once

#include "core/evidence/resettime.h"
#include "system/usage/usagefile.h"

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct gateway;

/* Reads the user's prices and begins to record. A file of prices with a mistake is reported, and
 * only the built-in prices count. Without a place for the file nothing is recorded. Returns 0 or
 * -ENOMEM. */
int metering_open(struct gateway *gateway, int64_t keep_seconds);

/* Writes what is left; that takes a moment at most. */
void metering_close(struct gateway *gateway);

/* Bytes of the provider's answer, as they came. */
void metering_read(struct exchange *exchange, const char *bytes, size_t length);

/* A request for /usage: finds out what it asks, and has the thread add it up; then its own_answer
 * is set, and it is marked. Or its answer is set here, if that is a refusal. */
void metering_ask(struct exchange *exchange);

/* From now on it is known what is spent; waits at most so long until it is at first. */
void metering_watch(struct gateway *gateway, int64_t most_ms);

/* Since midnight, by a key or a user. */
struct usage_spent metering_spent(struct gateway *gateway, bool of_user, const char *name);

/* The request is over; once for each. */
void metering_record(struct exchange *exchange);

/* The machine's own zone, and no other: threads must not change the environment. */
extern const struct zone_ops metering_zone;
