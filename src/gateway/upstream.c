#include "gateway/upstream.h"

#include "gateway/try.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/unnamed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Spare connections, including those in use. One that is not kept costs a TLS handshake, and one
 * that is kept for nothing costs its memory. */
#define SPARE_CONNECTIONS 64L

#define TURNS_MOST 4 /* rounds that libcurl asks for at once, before descriptors are looked at */

#define LINK(name) .name = curl_##name,
const struct curl upstream_curl = {CURL_FUNCTIONS(LINK)};
#undef LINK

/* One of libcurl's sockets. It stays with epoll between two transfers: removing it and adding it
 * again would be two of the dozen system calls that a request takes. */
struct socket {
    struct upstream *upstream;
    struct watch watch;
    bool is_ours;    /* created by open_socket, so close_socket is called for it */
    bool is_watched; /* epoll watches it */
    bool is_wanted;  /* libcurl wants it watched */
};

static void act(struct upstream *upstream, curl_socket_t fd, int bits)
{
    int running;
    if (curl_multi_socket_action(upstream->multi, fd, bits, &running) != CURLM_OK)
        upstream->failed = true;
}

static void unwatch(struct socket *socket)
{
    if (socket->is_watched)
        loop_remove(socket->upstream->loop, &socket->watch);
    socket->is_watched = false;
}

static void socket_ready(void *context, uint32_t events)
{
    struct socket *socket = context;
    int bits = 0;
    /* A kept connection has ended: libcurl looks at it before it uses it again. */
    if (!socket->is_wanted) {
        unwatch(socket);
        return;
    }
    if (events & (POLLIN | LOOP_GONE | POLLHUP))
        bits |= CURL_CSELECT_IN;
    if (events & POLLOUT)
        bits |= CURL_CSELECT_OUT;
    if (events & POLLERR)
        bits |= CURL_CSELECT_ERR;
    act(socket->upstream, socket->watch.fd, bits);
}

static struct socket *find_socket(const struct upstream *upstream, int fd)
{
    return fd >= 0 && (size_t)fd < upstream->socket_room ? upstream->sockets[fd] : NULL;
}

static bool make_room(struct upstream *upstream, size_t fd)
{
    if (fd < upstream->socket_room)
        return true;
    size_t room = fd < 32 ? 64 : fd * 2;
    struct socket **sockets = realloc(upstream->sockets, room * sizeof(struct socket *));
    if (!sockets)
        return false;
    memset(sockets + upstream->socket_room, 0,
           (room - upstream->socket_room) * sizeof(struct socket *));
    upstream->sockets = sockets;
    upstream->socket_room = room;
    return true;
}

static struct socket *add_socket(struct upstream *upstream, int fd)
{
    struct socket *socket =
        fd >= 0 && make_room(upstream, (size_t)fd) ? calloc(1, sizeof *socket) : NULL;
    if (!socket)
        return NULL;
    socket->upstream = upstream;
    socket->watch = (struct watch){fd, 0, socket_ready, socket};
    upstream->sockets[fd] = socket;
    return socket;
}

static void forget_socket(struct socket *socket)
{
    if (!socket)
        return;
    unwatch(socket);
    socket->upstream->sockets[socket->watch.fd] = NULL;
    free(socket);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    int fd = descriptor_socket(address->family, address->socktype, address->protocol, true);
    struct socket *made = fd < 0 ? NULL : add_socket(context, fd);
    (void)purpose;
    if (made)
        made->is_ours = true;
    return fd;
}

static int close_socket(void *context, curl_socket_t fd)
{
    forget_socket(find_socket(context, fd));
    return close(fd);
}

/* Otherwise the try would never be heard of again. This is a callback of libcurl, so the end is
 * only recorded. */
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

static int watch_socket(struct socket *socket, uint32_t events)
{
    if (socket->is_watched)
        return loop_change(socket->upstream->loop, &socket->watch, events);
    socket->watch.events = events;
    int r = loop_add(socket->upstream->loop, &socket->watch);
    socket->is_watched = r == 0;
    return r;
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct upstream *upstream = context;
    struct socket *socket = find_socket(upstream, fd);
    (void)assigned;
    if (what == CURL_POLL_REMOVE) {
        if (socket && socket->is_ours)
            socket->is_wanted = false;
        else
            forget_socket(socket);
        return 0;
    }
    uint32_t events = 0;
    events |= what & CURL_POLL_IN ? POLLIN : 0;
    events |= what & CURL_POLL_OUT ? POLLOUT : 0;
    if (!socket)
        socket = add_socket(upstream, fd);
    if (socket)
        socket->is_wanted = true;
    if (!socket || watch_socket(socket, events) < 0)
        give_up(easy);
    return 0;
}

/* libcurl must not be called from here, even if it asks to be called at once. */
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

/* libcurl copies a bundle that it gets in memory for each connection. Of a file it copies only the
 * name, and keeps what it has read. */
static int keep_bundle(struct upstream *upstream)
{
    struct authorities *authorities = &upstream->transport.authorities;
    struct unnamed file = {0};
    if (unnamed_make(NULL, &file) < 0)
        return 0; /* then the bundle stays in memory */
    upstream->bundle_fd = file.fd;
    int r =
        files_write_all(upstream->bundle_fd, authorities->bundle.data, authorities->bundle.length);
    if (r < 0)
        return r;
    unnamed_path(upstream->bundle_fd, upstream->bundle_path, sizeof upstream->bundle_path);
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
    while (upstream->spare_count > 0)
        curl_easy_cleanup(upstream->spares[--upstream->spare_count]);
    if (upstream->multi)
        (void)curl_multi_cleanup(upstream->multi);
    free(upstream->sockets);
    if (upstream->timers)
        timer_stop(upstream->timers, &upstream->timer);
    transport_finish(&upstream->transport);
    if (upstream->bundle_fd >= 0)
        (void)close(upstream->bundle_fd);
    curl_global_cleanup();
}

bool upstream_apply(struct upstream *upstream, CURL *easy)
{
    CURLcode r = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    r |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, upstream);
    r |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    r |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, upstream);
    return r == CURLE_OK && transport_apply(&upstream->transport, &upstream_curl, easy);
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
