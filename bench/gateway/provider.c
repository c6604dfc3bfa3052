/* provider PORT-FILE: a provider that costs next to nothing, on a port of 127.0.0.1 that it writes
 * to that file. What it does stands in the query:
 *
 *     /v1/messages                    a small JSON answer, whatever the body
 *     /v1/messages?stream=N&us=T      N events, one each T microseconds; each tells when it was
 * sent /v1/messages?hold               the beginning of a stream, and no more /v1/messages?fail
 * every second request is a 429 without headers */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define HEAD_LARGEST 16384

struct peer {
    int fd, timer;
    bool is_timer; /* what epoll's event is about */
    struct peer *other;
    char head[HEAD_LARGEST];
    size_t length, body_left;
    long events_left;
};

static int epoll;
static bool fails_next = true;

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void say(const struct peer *peer, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = send(peer->fd, text, length, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
    }
}

static void say_chunk(const struct peer *peer, const char *before, const char *data)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "%s%zx\r\n%s\r\n", before, strlen(data), data);
    say(peer, text, (size_t)length);
}

static const char stream_head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n";
static const char message_start[] =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\"}}\n\n";

/* The time stands behind "t": so many nanoseconds. */
static void say_event(const struct peer *peer, const char *before)
{
    char data[256];
    snprintf(data, sizeof data,
             "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"t\":%019lld,"
             "\"delta\":{\"type\":\"text_delta\",\"text\":\"word\"}}\n\n",
             (long long)now_ns());
    say_chunk(peer, before, data);
}

static void begin_stream(struct peer *peer, const char *query)
{
    char begun[512];
    const char *us = strstr(query, "us=");
    long interval = us ? atol(us + 3) : 1000;
    peer->events_left = atol(query);
    snprintf(begun, sizeof begun, "%s%zx\r\n%s\r\n", stream_head, strlen(message_start),
             message_start);
    say_event(peer, begun);
    peer->events_left--;
    struct timespec each = {interval / 1000000, interval % 1000000 * 1000};
    struct itimerspec spec = {each, each};
    (void)timerfd_settime(peer->timer, 0, &spec, NULL);
}

static void say_json(const struct peer *peer, const char *status, const char *body)
{
    char text[1024];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\nrequest-id: req_1\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          status, strlen(body), body);
    say(peer, text, (size_t)length);
}

static void answer(struct peer *peer)
{
    static const char fine[] =
        "{\"id\":\"msg_1\",\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}";
    static const char refusal[] =
        "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"wait\"}}";
    const char *stream = strstr(peer->head, "stream=");
    char begun[512];
    if (stream) {
        begin_stream(peer, stream + strlen("stream="));
    } else if (strstr(peer->head, "?hold")) {
        snprintf(begun, sizeof begun, "%s%zx\r\n%s\r\n", stream_head, strlen(message_start),
                 message_start);
        say_event(peer, begun);
    } else if (strstr(peer->head, "?fail") && fails_next) {
        fails_next = false;
        say_json(peer, "429 Too Many Requests", refusal);
    } else {
        fails_next = true;
        say_json(peer, "200 OK", fine);
    }
}

static void tick(struct peer *peer)
{
    uint64_t times;
    if (read(peer->timer, &times, sizeof times) < 0)
        return;
    if (peer->events_left-- > 0) {
        say_event(peer, "");
        return;
    }
    struct itimerspec stop = {0};
    (void)timerfd_settime(peer->timer, 0, &stop, NULL);
    say_chunk(peer, "", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    say(peer, "0\r\n\r\n", 5);
}

static void leave(struct peer *peer)
{
    (void)close(peer->fd);
    (void)close(peer->timer);
    free(peer->other);
    free(peer);
}

static size_t length_of_body(const char *head)
{
    const char *name = strcasestr(head, "\r\ncontent-length:");
    return name ? strtoul(name + strlen("\r\ncontent-length:"), NULL, 10) : 0;
}

/* Takes what is there of a head, and its body; true once the request is whole. */
static bool take(struct peer *peer, const char *bytes, size_t count)
{
    if (peer->body_left > 0) {
        peer->body_left -= count < peer->body_left ? count : peer->body_left;
        return peer->body_left == 0;
    }
    if (peer->length + count >= HEAD_LARGEST)
        count = HEAD_LARGEST - 1 - peer->length;
    memcpy(peer->head + peer->length, bytes, count);
    peer->length += count;
    peer->head[peer->length] = '\0';
    const char *end = strstr(peer->head, "\r\n\r\n");
    if (!end)
        return false;
    size_t body = length_of_body(peer->head);
    size_t there = peer->length - (size_t)(end + 4 - peer->head);
    peer->length = 0;
    peer->body_left = body > there ? body - there : 0;
    return peer->body_left == 0;
}

static void hear(struct peer *peer)
{
    static char bytes[1 << 18];
    size_t most = peer->body_left > 0 ? sizeof bytes : HEAD_LARGEST / 2;
    ssize_t n = recv(peer->fd, bytes, most, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        leave(peer);
    else if (take(peer, bytes, (size_t)n))
        answer(peer);
}

static void welcome(int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct peer *peer = calloc(1, sizeof *peer), *timer = calloc(1, sizeof *timer);
    if (!peer || !timer)
        errx(1, "out of memory");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    peer->fd = fd;
    peer->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    peer->other = timer;
    *timer = (struct peer){.is_timer = true, .other = peer};
    struct epoll_event of_peer = {EPOLLIN, {.ptr = peer}}, of_timer = {EPOLLIN, {.ptr = timer}};
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &of_peer);
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, peer->timer, &of_timer);
}

static int listen_and_tell(const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        err(1, "the socket");
    FILE *file = fopen(path, "w");
    if (!file || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0)
        err(1, "%s", path);
    return fd;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (argc != 2)
        errx(2, "usage: provider PORT-FILE");
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_and_tell(argv[1]);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        /* One at a time: what a peer that leaves is freed with may not be looked at again. */
        if (epoll_wait(epoll, &event, 1, -1) <= 0)
            continue;
        struct peer *peer = event.data.ptr;
        if (!peer)
            welcome(listener);
        else if (peer->is_timer)
            tick(peer->other);
        else
            hear(peer);
    }
}
