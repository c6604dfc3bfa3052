/* The clients' side: listening sockets, connections, incoming requests, outgoing answers. Only
 * front.c and front_answer.c use libmicrohttpd. */
#pragma once

#include "base/buffer.h"
#include "core/gateway/guard.h"
#include "gateway/loop.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The largest head of a request or an answer; real ones are a quarter of it. */
#define FRONT_HEAD ((size_t)8 << 10)

struct gateway;
struct exchange;
struct front;

/* One client's connection. */
struct visitor {
    struct front *front;
    const struct guard *guard; /* of the socket that accepted it */
    uint64_t number;           /* its number; the first is 1 */
    struct watch hangup;       /* its socket, for LOOP_GONE alone */
    bool is_watched;
    struct timer idle;         /* until a whole head has come */
    struct exchange *exchange; /* NULL between two requests */
};

/* NULL if out of memory, or if libmicrohttpd does not start. */
struct front *front_create(struct gateway *gateway);

/* Ends every connection, and with them all exchanges. */
void front_destroy(struct front *front);

/* Serves a listening socket, which it takes over, with TLS or without. The guard is borrowed.
 * Returns 0 or a negative errno. */
int front_listen(struct front *front, int fd, const struct guard *guard, bool tls);

/* Whether there is TLS at all; if not, one sentence in `error`. */
bool front_has_tls(struct buffer *error);

/* Sets up TLS, before front_listen asks for it: certificates and a key as PEM, not used afterwards.
 * Again, new connections get the new ones. False, and what was set up stays, with one sentence in
 * `error`. */
bool front_begin_tls(struct front *front, const char *certificates, const char *key,
                     struct buffer *error);

/* Accepts no more connections. */
void front_stop_listening(struct front *front);

/* Receives and sends what it can. Nothing else calls the exchanges' receiving functions. */
void front_run(struct front *front);

/* Milliseconds until front_run has to be called even if no descriptor is ready; -1: never. */
int front_wait(struct front *front);

/* How many connections there are. */
size_t front_visitors(const struct front *front);

/* Resumes a suspended connection once the exchange has an answer, more bytes of one, or has ended.
 * Does nothing if it is not suspended. */
void front_resume(struct exchange *exchange);

/* Sets the answer: the head as in base/head.h, then what exchange_read gives.
 * `length` as in forward.h. False if out of memory. */
bool front_set_answer(struct exchange *exchange, int status, const char *head, int64_t length);

/* True if the other end is a process of another user of this machine (root's is not one). */
bool front_is_of_another(const struct exchange *exchange);

/* Lets the kernel hold no more than about that many bytes of the answer: what it does not take
 * shows that the reader is slow. */
void front_bound(struct exchange *exchange, int bytes);

/* Ends the connection now, whatever of an answer has not been sent. */
void front_cut(struct exchange *exchange);

/* Drops an answer that will not be sent. */
void front_drop_answer(struct exchange *exchange);

/* The same with a complete body; the bytes are copied. */
bool front_set_whole_answer(struct exchange *exchange, int status, const char *head,
                            const char *bytes, size_t length);
