/* The store that is a Redis server, for many machines. A change is one compare-and-set of the whole
 * state on the server; who may try is decided by turns, first come first served, so that nobody
 * starves. The turns only order: what keeps the state whole is the comparison. Leases expire unless
 * their runs renew them; the server's clock decides, here and for all times in the state.
 *
 * Errors are negative errnos with one sentence in store_redis_error. */
#pragma once

#include "core/pool/redisurl.h"
#include "core/state/state.h"
#include "system/store/store.h"

#include <stdint.h>

struct store_redis;

/* Takes the URL over, also on failure; the host is borrowed. Touches nothing yet; NULL if out of
 * memory. */
struct store_redis *store_redis_create(struct redisurl *url, const struct host *host);
void store_redis_destroy(struct store_redis *store);

/* Returns 0 with the change made and written, and the state; -ENOTSUP if a newer version wrote what
 * is there, -EEXIST if it is somebody else's; other errors of a server out of reach. The
 * change may have been made more than once, each time on a newer state. */
int store_redis_update(struct store_redis *store, store_change *change, void *context,
                       struct state *ret_state);
int store_redis_read(struct store_redis *store, struct state *ret_state);

/* As store_claim. Returns 0 or a negative errno. */
int store_redis_claim(struct store_redis *store, struct claim *claim);

/* Seconds the server's clock was ahead of ours when it last answered. */
int64_t store_redis_ahead(const struct store_redis *store);

/* Adds an event without waiting for the answer. Returns 0 or a negative errno. */
int store_redis_log_event(struct store_redis *store, const char *line, size_t length);

/* Gives all events after the one of `*cursor` (an id of Redis, "0" at first) and moves it on. */
#define STORE_REDIS_ID 48
int store_redis_events(struct store_redis *store, char cursor[STORE_REDIS_ID],
                       void (*take)(void *context, const char *line, size_t length), void *context);

/* A run that the server knows of was given other keys while it was away: the next renewal tells
 * which, as this state has them. */
void store_redis_follow(struct store_redis *store, const struct state *state);

/* When the lease is to be renewed next (clock_now_ms); -1: there is none. */
int64_t store_redis_due(const struct store_redis *store);

/* Renews it if it is due, without waiting for anything. */
void store_redis_renew(struct store_redis *store, int64_t now);

/* Gives the lease up; waits for the server a moment at most. */
void store_redis_let_go(struct store_redis *store);

const char *store_redis_error(const struct store_redis *store);
