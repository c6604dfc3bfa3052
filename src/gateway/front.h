/* The side of the clients: listening sockets, their connections, requests as they come in, answers
 * as they go out. All that is libmicrohttpd's stands in front.c and front_answer.c. */
#pragma once

#include "core/gateway/guard.h"
#include "gateway/loop.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a head may have, a request's as well as an answer's: real ones have a quarter of it. */
#define FRONT_HEAD ((size_t)8 << 10)

struct gateway;
struct exchange;
struct front;

/* One client's connection. */
struct visitor {
    struct front *front;
    const struct guard *guard; /* of the socket it came by */
    uint64_t number;           /* names it: the first is 1 */
    struct watch hangup;       /* its socket, for EPOLLRDHUP alone */
    bool is_watched;
    struct timer idle;         /* until a whole head has come */
    struct exchange *exchange; /* NULL between two requests */
};

/* NULL if out of memory, or if libmicrohttpd does not start. */
struct front *front_create(struct gateway *gateway);

/* Ends every connection; no exchange is left then. */
void front_destroy(struct front *front);

/* Serves a listening socket, which becomes the front's. The guard is borrowed. Returns 0 or a
 * negative errno. */
int front_listen(struct front *front, int fd, const struct guard *guard);

/* No connection is taken any more. */
void front_stop_listening(struct front *front);

/* Moves what can be moved. Nothing else calls the exchanges' functions for receiving. */
void front_run(struct front *front);

/* Milliseconds until front_run has something to do though no descriptor says so; -1: never. */
int front_wait(struct front *front);

/* How many connections there are. */
size_t front_visitors(const struct front *front);

/* Lets a request's connection go on after the exchange has an answer, more bytes of one, or none
 * to give. Nothing if it waits for nothing. */
void front_resume(struct exchange *exchange);

/* Sets what is answered: the head as in base/head.h, and then what the exchange's reader gives.
 * `length` as in forward.h. False if out of memory. */
bool front_set_answer(struct exchange *exchange, int status, const char *head, int64_t length);

/* An answer that nobody came to fetch. */
void front_drop_answer(struct exchange *exchange);

/* The answer is whole from the start; the bytes are copied. */
bool front_set_whole_answer(struct exchange *exchange, int status, const char *head,
                            const char *bytes, size_t length);
