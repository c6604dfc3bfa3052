/* What gateways that share a server have in common beside the state: the key of each session, and
 * of each object that only one key can see. Before a session's request is sent, the server is asked
 * which key the session has, unless it was within the last second; when its key changes here, the
 * server is told, and whoever came first there is right. A server that does not answer holds a
 * request up for a moment, and then none for a while.
 *
 * A session without an id is a connection, which no other gateway has. */
#pragma once

#include <stdbool.h>

struct exchange;
struct gateway;

/* The exchange has its roster and holder. True if it waits: it is marked once the answer is there,
 * or is late. */
bool common_look(struct exchange *exchange);

/* The session has this key now: the exchange's candidate. */
void common_tell(struct exchange *exchange);

/* The exchange's key made this object. */
void common_tell_object(struct exchange *exchange, const char *object);

/* Takes the answers that have come. */
void common_take(struct gateway *gateway);
