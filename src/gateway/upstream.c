#include "gateway/upstream.h"

#include "gateway/try.h"
#include "system/clock.h"
#include "system/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/* Beside those in use, which count too: a connection that is not kept costs a TLS handshake, one
 * that is kept for nothing its memory. */
#define SPARE_CONNECTIONS 64L

#define TURNS_MOST 4 /* that libcurl asks for at once, before descriptors are looked at */

#define LINK(name) .name = curl_##name,
const struct curl upstream_curl = {CURL_FUNCTIONS(LINK)};
#undef LINK

/* One of libcurl's sockets. */
struct socket {
    struct upstream *upstream;
    struct watch watch;
};

static void act(struct upstream *upstream, curl_socket_t fd, int bits)
{
    int running;
    if (curl_multi_socket_action(upstream->multi, fd, bits, &running) != CURLM_OK)
        upstream->failed = true;
}

static void socket_ready(void *context, uint32_t events)
{
    struct socket *socket = context;
    int bits = 0;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
        bits |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        bits |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        bits |= CURL_CSELECT_ERR;
    act(socket->upstream, socket->watch.fd, bits);
}

/* Nothing would ever be heard of it. In a callback of libcurl's, so that it is only noted. */
static void give_up(CURL *easy)
{
    char *private = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct try *try = (struct try *)(void *)private;
    if (!try)
        return;
    try->no_memory = true;
    try_ended(try, CURLE_OUT_OF_MEMORY);
}

/* The socket that libcurl closed before may have had the same number: then epoll knows it. */
static void watch_socket(struct upstream *upstream, CURL *easy, struct socket *socket,
                         curl_socket_t fd, uint32_t events)
{
    if (!socket) {
        socket = calloc(1, sizeof *socket);
        if (!socket) {
            give_up(easy);
            return;
        }
        socket->upstream = upstream;
        socket->watch = (struct watch){fd, events, socket_ready, socket};
        if (loop_add(upstream->loop, &socket->watch) < 0) {
            free(socket);
            give_up(easy);
            return;
        }
        (void)curl_multi_assign(upstream->multi, fd, socket);
        return;
    }
    (void)loop_change(upstream->loop, &socket->watch, events);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct upstream *upstream = context;
    struct socket *socket = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (socket)
            loop_remove(upstream->loop, &socket->watch);
        free(socket);
        return 0;
    }
    uint32_t events = 0;
    events |= what & CURL_POLL_IN ? EPOLLIN : 0;
    events |= what & CURL_POLL_OUT ? EPOLLOUT : 0;
    watch_socket(upstream, easy, socket, fd, events);
    return 0;
}

/* It must not be called from here, not even where it wants to be called at once. */
static int timer_wanted(CURLM *multi, long milliseconds, void *context)
{
    struct upstream *upstream = context;
    (void)multi;
    upstream->timer_came = milliseconds == 0;
    if (milliseconds <= 0)
        timer_stop(upstream->timers, &upstream->timer);
    else
        timer_set(upstream->timers, &upstream->timer, clock_now_ms() + milliseconds);
    return 0;
}

static void timer_due(void *context)
{
    struct upstream *upstream = context;
    upstream->timer_came = true;
}

/* libcurl copies a bundle that it gets in memory for each connection; of a file it copies the name,
 * and keeps what it read. */
static int keep_bundle(struct upstream *upstream)
{
    struct authorities *authorities = &upstream->transport.authorities;
    upstream->bundle_fd = memfd_create("certificates", MFD_CLOEXEC);
    if (upstream->bundle_fd < 0)
        return 0; /* as it is, then */
    int r =
        files_write_all(upstream->bundle_fd, authorities->bundle.data, authorities->bundle.length);
    if (r < 0)
        return r;
    snprintf(upstream->bundle_path, sizeof upstream->bundle_path, "/proc/self/fd/%d",
             upstream->bundle_fd);
    authorities->file = upstream->bundle_path;
    buffer_finish(&authorities->bundle);
    return 0;
}

int upstream_init(struct upstream *upstream, struct loop *loop, struct timers *timers)
{
    *upstream = (struct upstream){.loop = loop, .timers = timers, .bundle_fd = -1};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -EINVAL;
    upstream->multi = curl_multi_init();
    if (!upstream->multi)
        return -ENOMEM;
    upstream->timer = (struct timer){.due = timer_due, .context = upstream};
    (void)curl_multi_setopt(upstream->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    (void)curl_multi_setopt(upstream->multi, CURLMOPT_SOCKETDATA, upstream);
    (void)curl_multi_setopt(upstream->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    (void)curl_multi_setopt(upstream->multi, CURLMOPT_TIMERDATA, upstream);
    (void)curl_multi_setopt(upstream->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    int r = transport_find(&upstream->transport, &upstream_curl, NULL);
    return r == 0 && upstream->transport.authorities.bundle.length > 0 ? keep_bundle(upstream) : r;
}

void upstream_finish(struct upstream *upstream)
{
    if (upstream->multi)
        (void)curl_multi_cleanup(upstream->multi);
    if (upstream->timers)
        timer_stop(upstream->timers, &upstream->timer);
    transport_finish(&upstream->transport);
    if (upstream->bundle_fd >= 0)
        (void)close(upstream->bundle_fd);
    curl_global_cleanup();
}

static void count(struct upstream *upstream, long change)
{
    upstream->running += change;
    (void)curl_multi_setopt(upstream->multi, CURLMOPT_MAXCONNECTS,
                            upstream->running + SPARE_CONNECTIONS);
}

bool upstream_start(struct upstream *upstream, struct try *try)
{
    count(upstream, 1);
    try->is_running = curl_multi_add_handle(upstream->multi, try->easy) == CURLM_OK;
    if (!try->is_running)
        count(upstream, -1);
    return try->is_running;
}

void upstream_stop(struct upstream *upstream, struct try *try)
{
    if (!try->is_running)
        return;
    (void)curl_multi_remove_handle(upstream->multi, try->easy);
    count(upstream, -1);
    try->is_running = false;
}

static void tell_ended(struct upstream *upstream)
{
    int left;
    for (const CURLMsg *message; (message = curl_multi_info_read(upstream->multi, &left));) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct try *try = (struct try *)(void *)private;
        upstream_stop(upstream, try);
        try_ended(try, result);
    }
}

void upstream_run(struct upstream *upstream)
{
    for (int i = 0; i < TURNS_MOST && upstream->timer_came; i++) {
        upstream->timer_came = false;
        act(upstream, CURL_SOCKET_TIMEOUT, 0);
    }
    tell_ended(upstream);
}
