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

/* The same with TLS. One that is older ends with its last connection. */
struct tls_door {
    struct MHD_Daemon *daemon;
    struct watch watch;
    struct tls_door *older;
};

struct front {
    struct gateway *gateway;
    struct MHD_Daemon *daemon;
    struct tls_door *tls; /* that new connections come in by; NULL: there is none */
    struct watch watch;   /* libmicrohttpd's own sockets */
    struct buffer *words; /* where libmicrohttpd's complaints go while it starts; NULL: nowhere */
    struct listener *listeners;
    const struct listener *accepting; /* the one that now hands a connection to libmicrohttpd */
    size_t visitor_count, visitors_most;
    uint64_t visits;
    bool has_sockets; /* one of them is ready */
    bool resumed;     /* since MHD_run was last called: it has something to do */
};

struct MHD_Daemon *front_start_daemon(struct front *front, unsigned flags,
                                      const struct MHD_OptionItem *more);
bool front_watch_daemon(struct front *front, struct MHD_Daemon *daemon, struct watch *watch);

/* Milliseconds until it has to run even if no socket is ready; -1: never. */
int front_daemon_wait(struct MHD_Daemon *daemon);

/* In front_tls.c. The wait is the shorter one of `wait` and its own. */
void front_tls_run(struct front *front);
int front_tls_wait(const struct front *front, int wait);
void front_tls_finish(struct front *front);

/* Hands the exchange's answer to libmicrohttpd; only from its handler. */
enum MHD_Result front_queue(struct exchange *exchange);

/* Only from the handler or the reader. */
void front_suspend(struct exchange *exchange);
