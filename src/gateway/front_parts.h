/* What front.c and front_answer.c share. */
#pragma once

#include "gateway/front.h"

#include <microhttpd.h>

/* A listening socket. */
struct listener {
    struct front *front;
    const struct guard *guard;
    struct watch watch;
    struct timer pause; /* until it tries to accept another connection */
    bool is_paused, tls;
    struct listener *next;
};

struct front {
    struct gateway *gateway;
    struct MHD_Daemon *daemon;
    struct MHD_Daemon *tls; /* the same with TLS; NULL: there is none */
    struct watch watch;     /* libmicrohttpd's own sockets */
    struct watch tls_watch;
    struct buffer *words; /* where libmicrohttpd's complaints go while it starts; NULL: nowhere */
    struct listener *listeners;
    const struct listener *accepting; /* the one that now hands a connection to libmicrohttpd */
    size_t visitor_count, visitors_most;
    uint64_t visits;
    bool has_sockets; /* one of them is ready */
    bool resumed;     /* since MHD_run was last called: it has something to do */
};

/* Hands the exchange's answer to libmicrohttpd; only from its handler. */
enum MHD_Result front_queue(struct exchange *exchange);

/* Only from the handler or the reader. */
void front_suspend(struct exchange *exchange);
