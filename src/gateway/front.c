#include "gateway/front.h"

#include "base/head.h"
#include "gateway/exchange.h"
#include "gateway/front_daemon.h"
#include "gateway/front_parts.h"
#include "gateway/gateway.h"
#include "gateway/tlsfiles.h"
#include "system/clock.h"
#include "system/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Memory for the head of a request and that of its answer. Both are at most FRONT_HEAD, plus what
 * libmicrohttpd adds to them. Real ones take 3 KiB and touch no more. */
#define POOL_BYTES ((size_t)20 << 10)

/* How long a connection may take to send a whole head, including the time before it; and to move
 * any byte at all, which libmicrohttpd watches. */
#define HEAD_MS       130000
#define STALL_SECONDS 120u

#define HEAD_USUAL 1000 /* bytes */

#define ACCEPT_AT_ONCE 32
#define PAUSE_MS       1000 /* pause if no descriptor is free for another connection */
#define ROUNDS_MOST    8

/* Descriptors that are not clients' connections: our own, and as many for the providers. */
#define KEPT_BACK 32

static size_t visitors_most(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return 10000;
    size_t half = limit.rlim_cur > KEPT_BACK ? (limit.rlim_cur - KEPT_BACK) / 2 : 0;
    return half < 8 ? 8 : half > 10000 ? 10000 : half;
}

/* The client has closed its side: if an answer is still due, it has gone. */
static void hung_up(void *context, uint32_t events)
{
    struct visitor *visitor = context;
    (void)events;
    loop_remove(&visitor->front->gateway->loop, &visitor->hangup);
    visitor->is_watched = false;
    if (visitor->exchange)
        exchange_lost_client(visitor->exchange);
}

/* libmicrohttpd sees the end of the stream, and closes. */
static void waited_too_long(void *context)
{
    struct visitor *visitor = context;
    (void)shutdown(visitor->hangup.fd, SHUT_RDWR);
}

static void begin_visit(struct front *front, struct MHD_Connection *connection, void **ret_context)
{
    struct visitor *visitor = calloc(1, sizeof *visitor);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *ret_context = visitor;
    if (!visitor || !info)
        return; /* its first request is refused */
    *visitor = (struct visitor){.front = front,
                                .guard = front->accepting->guard,
                                .number = ++front->visits,
                                .hangup = {info->connect_fd, LOOP_GONE, hung_up, visitor},
                                .idle = {.due = waited_too_long, .context = visitor}};
    front->visitor_count++;
    visitor->is_watched = loop_add(&front->gateway->loop, &visitor->hangup) == 0;
    timer_set(&front->gateway->timers, &visitor->idle, clock_now_ms() + HEAD_MS);
}

static void end_visit(struct front *front, struct visitor *visitor)
{
    if (!visitor)
        return;
    if (visitor->is_watched)
        loop_remove(&front->gateway->loop, &visitor->hangup);
    timer_stop(&front->gateway->timers, &visitor->idle);
    if (visitor->front) {
        exchange_visitor_left(front->gateway, visitor->number);
        front->visitor_count--;
    }
    free(visitor);
}

static void notify_connection(void *context, struct MHD_Connection *connection, void **visit,
                              enum MHD_ConnectionNotificationCode code)
{
    struct front *front = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        begin_visit(front, connection, visit);
    else
        end_visit(front, *visit);
}

static struct visitor *visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visitor *visitor = info ? info->socket_context : NULL;
    return visitor && visitor->front ? visitor : NULL;
}

/* The only place where the target is given as it was sent. What it returns is *con_cls from then
 * on. */
static void *take_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct front *front = context;
    struct visitor *visitor = visitor_of(connection);
    if (!visitor)
        return NULL;
    visitor->exchange = exchange_create(front->gateway, visitor, target);
    if (visitor->exchange)
        visitor->exchange->connection = connection;
    return visitor->exchange;
}

struct head_walk {
    struct buffer head;
    bool clear; /* false if libmicrohttpd took something else for a header: "Name : value" */
    bool any_in_place, any_apart;
};

/* A name and its value lie in one line. But a line that goes on in the next one, which begins with
 * a blank (RFC 9112, 5.2), libmicrohttpd 0.9.75 appends to the name, in a copy of it: of
 * "Transfer-Encodin: chunked" and " g" it makes what nobody before us has seen. */
static bool is_in_place(const char *name, const char *value)
{
    const char *end = name + strlen(name) + 1;
    uintptr_t from = (uintptr_t)end, to = (uintptr_t)value;
    return to >= from && to - from < POOL_BYTES && strspn(end, " \t") >= to - from;
}

static enum MHD_Result append_header(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct head_walk *walk = context;
    (void)kind;
    if (value && is_in_place(name, value))
        walk->any_in_place = true;
    else
        walk->any_apart = true;
    walk->clear = head_append(&walk->head, name, value ? value : "");
    return walk->clear ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_head(struct exchange *exchange, const char *method)
{
    struct head_walk walk = {.clear = true};
    timer_stop(&exchange->gateway->timers, &exchange->visitor->idle);
    buffer_expect(&walk.head, HEAD_USUAL);
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, append_header, &walk);
    exchange->has_head = true;
    bool is_clear = walk.clear && !(walk.any_in_place && walk.any_apart);
    exchange_receive_head(exchange, method, &walk.head, is_clear);
    return exchange->response && exchange->answer_early ? front_queue(exchange) : MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *bytes,
                              size_t *length, void **request)
{
    struct exchange *exchange = *request;
    (void)context, (void)connection, (void)url, (void)version;
    if (!exchange || exchange->client_gone)
        return MHD_NO;
    if (!exchange->has_head)
        return take_head(exchange, method);
    if (*length > 0) {
        exchange_receive(exchange, bytes, *length);
        *length = 0;
        return MHD_YES;
    }
    if (exchange->response)
        return front_queue(exchange);
    exchange_receive_end(exchange);
    if (exchange->response)
        return front_queue(exchange);
    front_suspend(exchange);
    return MHD_YES;
}

static void complete(void *context, struct MHD_Connection *connection, void **request,
                     enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *request;
    (void)context, (void)connection;
    if (!exchange)
        return;
    *request = NULL;
    struct visitor *visitor = exchange->visitor;
    visitor->exchange = NULL;
    exchange->connection = NULL;
    timer_set(&exchange->gateway->timers, &visitor->idle, clock_now_ms() + HEAD_MS);
    exchange_completed(exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

/* Once it runs, its messages are about clients that leave and heads that are not valid. */
static void take_words(void *context, const char *format, va_list list)
{
    struct front *front = context;
    char line[256];
    if (!front->words || front->words->length > 0)
        return;
    (void)vsnprintf(line, sizeof line, format, list);
    buffer_append(front->words, line, strcspn(line, "\r\n"));
}

struct MHD_Daemon *front_start_daemon(struct front *front, unsigned flags,
                                      const struct MHD_OptionItem *more)
{
    return MHD_start_daemon(
        front_daemon_flags() | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_ERROR_LOG | flags,
        0, NULL, NULL, handle, front, MHD_OPTION_EXTERNAL_LOGGER, take_words, front,
        MHD_OPTION_NOTIFY_CONNECTION, notify_connection, front, MHD_OPTION_NOTIFY_COMPLETED,
        complete, front, MHD_OPTION_URI_LOG_CALLBACK, take_target, front,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        STALL_SECONDS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)front->visitors_most + 1,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static void note_sockets(void *context, uint32_t events)
{
    struct front *front = context;
    (void)events;
    front->has_sockets = true;
}

bool front_watch_daemon(struct front *front, struct MHD_Daemon *daemon, struct watch *watch)
{
    return front_daemon_watch(front, daemon, watch, note_sockets);
}

struct front *front_create(struct gateway *gateway)
{
    static const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    struct front *front = calloc(1, sizeof *front);
    if (!front)
        return NULL;
    front->gateway = gateway;
    front->visitors_most = visitors_most();
    if (front->visitors_most > front_daemon_most())
        front->visitors_most = front_daemon_most();
    front->daemon = front_start_daemon(front, 0, none);
    if (front_watch_daemon(front, front->daemon, &front->watch))
        return front;
    if (front->daemon)
        MHD_stop_daemon(front->daemon);
    free(front);
    return NULL;
}

static void try_accepting_again(void *context)
{
    struct listener *listener = context;
    listener->is_paused = loop_add(&listener->front->gateway->loop, &listener->watch) < 0;
}

static void pause_accepting(struct listener *listener)
{
    struct gateway *gateway = listener->front->gateway;
    loop_remove(&gateway->loop, &listener->watch);
    listener->is_paused = true;
    timer_set(&gateway->timers, &listener->pause, clock_now_ms() + PAUSE_MS);
}

static bool accept_one(struct listener *listener)
{
    struct front *front = listener->front;
    struct sockaddr_storage address;
    socklen_t length;
    if (front->visitor_count >= front->visitors_most) {
        pause_accepting(listener);
        return false;
    }
    int fd = descriptor_accept(listener->watch.fd, &address, &length);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            pause_accepting(listener);
        return errno == ECONNABORTED || errno == EINTR;
    }
    front->accepting = listener;
    if (listener->tls)
        tlsfiles_look(front->gateway, false);
    (void)MHD_add_connection(listener->tls ? front->tls->daemon : front->daemon, fd,
                             (struct sockaddr *)&address, length);
    return true;
}

static void accept_some(void *context, uint32_t events)
{
    (void)events;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++)
        if (!accept_one(context))
            return;
}

int front_listen(struct front *front, int fd, const struct guard *guard, bool tls)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return -ENOMEM;
    int flags = fcntl(fd, F_GETFL);
    *listener = (struct listener){.front = front,
                                  .guard = guard,
                                  .tls = tls,
                                  .watch = {fd, POLLIN, accept_some, listener},
                                  .pause = {.due = try_accepting_again, .context = listener},
                                  .next = front->listeners};
    int r = flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0
                ? -errno
                : loop_add(&front->gateway->loop, &listener->watch);
    if (r < 0)
        free(listener);
    else
        front->listeners = listener;
    return r;
}

void front_stop_listening(struct front *front)
{
    for (struct listener *listener = front->listeners, *next; listener; listener = next) {
        next = listener->next;
        if (!listener->is_paused)
            loop_remove(&front->gateway->loop, &listener->watch);
        timer_stop(&front->gateway->timers, &listener->pause);
        (void)close(listener->watch.fd);
        free(listener);
    }
    front->listeners = NULL;
}

/* Work that its sockets do not show: a connection that was resumed, one with bytes that it has not
 * read yet, one that was silent for too long. */
static bool has_to_run(struct front *front)
{
    return front->has_sockets || front_wait(front) == 0;
}

/* Each run asks the kernel about its sockets, even if there is nothing to do. */
void front_run(struct front *front)
{
    for (int i = 0; i < ROUNDS_MOST && has_to_run(front); i++) {
        front->has_sockets = front->resumed = false;
        (void)MHD_run(front->daemon);
        front_tls_run(front);
    }
}

int front_daemon_wait(struct MHD_Daemon *daemon)
{
    unsigned long long wait;
    if (MHD_get_timeout(daemon, &wait) != MHD_YES)
        return -1;
    return wait > 60000 ? 60000 : (int)wait;
}

int front_wait(struct front *front)
{
    return front->resumed ? 0 : front_tls_wait(front, front_daemon_wait(front->daemon));
}

size_t front_visitors(const struct front *front)
{
    return front->visitor_count;
}

void front_destroy(struct front *front)
{
    if (!front)
        return;
    front_stop_listening(front);
    front_daemon_forget(front, &front->watch);
    MHD_stop_daemon(front->daemon);
    front_tls_finish(front);
    free(front);
}
