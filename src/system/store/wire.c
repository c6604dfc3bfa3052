#include "system/store/wire.h"

#include "system/descriptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

int wire_open(struct wire *wire, const struct address *address, struct tls *tls)
{
    const struct sockaddr *name = (const struct sockaddr *)&address->name;
    const int yes = 1;
    *wire = (struct wire){.tls = tls};
    wire->fd = descriptor_socket(name->sa_family, SOCK_STREAM, 0, false);
    int r = wire->fd < 0 ? -errno : 0;
    if (r == 0 && name->sa_family != AF_UNIX)
        (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (r == 0 && connect(wire->fd, name, address->length) < 0 && errno != EINPROGRESS)
        r = -errno;
    if (r < 0)
        wire_close(wire);
    return r;
}

void wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        (void)close(wire->fd);
    tls_destroy(wire->tls);
    buffer_finish_wiping(&wire->out);
    buffer_finish(&wire->coded);
    *wire = (struct wire){.fd = -1};
}

static int look_whether_connected(struct wire *wire)
{
    struct pollfd ready = {.fd = wire->fd, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof error;
    if (poll(&ready, 1, 0) <= 0)
        return 0;
    if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return -errno;
    wire->connected = error == 0;
    return -error;
}

static int send_out(struct wire *wire, struct buffer *bytes)
{
    size_t sent = 0;
    ssize_t n = 0;
    while (sent < bytes->length && n >= 0) {
        n = send(wire->fd, bytes->data + sent, bytes->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            n = 0;
        sent += n > 0 ? (size_t)n : 0;
    }
    int error = n < 0 ? errno : 0;
    if (sent == bytes->length)
        buffer_finish_wiping(bytes);
    else
        buffer_drop_front(bytes, sent);
    return error == EAGAIN ? 0 : -error;
}

/* Returns how much came, 0 if nothing did, or -ECONNRESET at its end. */
static ssize_t receive(struct wire *wire, struct buffer *in)
{
    char chunk[65536];
    ssize_t n = recv(wire->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n == 0)
        return -ECONNRESET;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (wire->tls) {
        int r = tls_feed(wire->tls, chunk, (size_t)n);
        return r < 0 ? r : n;
    }
    buffer_append(in, chunk, (size_t)n);
    return in->failed ? -ENOMEM : n;
}

/* Also decrypts what came before the other side closed, above all the reason why it did. */
static int step_tls(struct wire *wire, struct buffer *in, struct buffer *error)
{
    int r = tls_step(wire->tls, &wire->out, in, &wire->coded, error);
    int sent = send_out(wire, &wire->coded);
    if (r == 0 && (in->failed || wire->coded.failed))
        r = -ENOMEM;
    return r < 0 ? r : sent;
}

int wire_step(struct wire *wire, struct buffer *in, struct buffer *error)
{
    int r = wire->connected ? 0 : look_whether_connected(wire);
    if (r < 0 || !wire->connected)
        return r;
    if (wire->out.failed)
        return -ENOMEM;
    r = wire->tls ? step_tls(wire, in, error) : send_out(wire, &wire->out);
    ssize_t n = 1;
    while (r == 0 && (n = receive(wire, in)) > 0)
        r = wire->tls ? step_tls(wire, in, error) : 0;
    if (r == 0 && n < 0 && wire->tls)
        r = step_tls(wire, in, error);
    return r < 0 ? r : n < 0 ? (int)n : 0;
}

short wire_events(const struct wire *wire)
{
    bool unsent = wire->coded.length > 0 || (!wire->tls && wire->out.length > 0);
    return (short)(wire->connected ? POLLIN | (unsent ? POLLOUT : 0) : POLLOUT);
}
