/* The side of the providers: libcurl's transfers in our loop. */
#pragma once

#include "gateway/loop.h"
#include "gateway/timers.h"
#include "system/net/transport.h"

#include <curl/curl.h>
#include <stdbool.h>

struct try;
struct socket;

#define UPSTREAM_SPARES 8

struct upstream {
    struct loop *loop;
    struct timers *timers;
    CURLM *multi;
    struct timer timer; /* libcurl's own */
    long running;       /* transfers */
    bool timer_came;
    bool failed;             /* libcurl's state is lost: this process cannot go on */
    struct socket **sockets; /* by descriptor; NULL: none of libcurl's */
    size_t socket_room;
    CURL *spares[UPSTREAM_SPARES]; /* handles for try.c to use again */
    size_t spare_count;
    struct transport transport;
    int bundle_fd; /* a file in memory with the authorities' bundle; -1: none */
    char bundle_path[32];
};

/* The libcurl that this program is linked with, for functions that take it as a parameter. */
extern const struct curl upstream_curl;

/* Reads the environment for proxies, certificates and authorities. Returns 0 or a negative errno;
 * ended with upstream_finish either way. */
int upstream_init(struct upstream *upstream, struct loop *loop, struct timers *timers);
void upstream_finish(struct upstream *upstream);

/* What all transfers have in common: certificates, and whose sockets they use. False if out of
 * memory. */
bool upstream_apply(struct upstream *upstream, CURL *easy);

/* Starts and ends a transfer; never from a callback of libcurl's. upstream_start returns false if
 * it cannot be started. */
bool upstream_start(struct upstream *upstream, struct try *try);
void upstream_stop(struct upstream *upstream, struct try *try);

/* To be called in every round: serves libcurl's timer, and tells the tries that have ended. */
void upstream_run(struct upstream *upstream);
