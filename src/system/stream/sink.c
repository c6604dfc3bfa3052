#include "system/stream/sink.h"

#include "system/stream/reopen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void sink_open(struct sink *sink, int fd)
{
    *sink = (struct sink){.fd = fd};
}

static void look(struct sink *sink)
{
    struct stat status;
    sink->looked = true;
    if (fstat(sink->fd, &status) < 0)
        return;
    sink->is_socket = S_ISSOCK(status.st_mode);
    sink->is_file = S_ISREG(status.st_mode) || S_ISBLK(status.st_mode);
    if (sink->is_socket || sink->is_file)
        return;
    int own = reopen_to_write(sink->fd);
    sink->reopened = own >= 0;
    sink->in_pieces = own < 0;
    if (own >= 0)
        sink->fd = own;
}

void sink_close(struct sink *sink)
{
    if (sink->reopened)
        (void)close(sink->fd);
    *sink = (struct sink){.fd = -1};
}

static bool is_writable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int count;
    do
        count = poll(&ready, 1, 0);
    while (count < 0 && errno == EINTR);
    return count == 1;
}

ssize_t sink_write(struct sink *sink, const char *bytes, size_t length)
{
    ssize_t n;
    if (!sink->looked)
        look(sink);
    if (sink->in_pieces) {
        if (!is_writable(sink->fd))
            return -EAGAIN;
        length = length < PIPE_BUF ? length : PIPE_BUF;
    }
    do
        n = sink->is_socket ? send(sink->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL)
                            : write(sink->fd, bytes, length);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
