#include "gateway/front_daemon.h"

#include "gateway/gateway.h"

#include <sys/select.h>

unsigned front_daemon_flags(void)
{
    return 0;
}

/* It shows its sockets as select takes them, and each has a second one, towards a provider. */
size_t front_daemon_most(void)
{
    return FD_SETSIZE / 2 - 32;
}

static void add(struct pollfd *slots, size_t most, size_t *count, int fd, short events)
{
    if (events && *count < most)
        slots[(*count)++] = (struct pollfd){.fd = fd, .events = events};
}

static size_t gather(void *context, struct pollfd *slots, size_t most)
{
    fd_set in, out, except;
    size_t count = 0;
    int last = -1;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    if (MHD_get_fdset2(context, &in, &out, &except, &last, FD_SETSIZE) != MHD_YES)
        return 0;
    for (int fd = 0; fd <= last; fd++) {
        int events = (FD_ISSET(fd, &in) ? POLLIN : 0) | (FD_ISSET(fd, &out) ? POLLOUT : 0);
        add(slots, most, &count, fd, (short)events);
    }
    return count;
}

bool front_daemon_watch(struct front *front, struct MHD_Daemon *daemon, struct watch *watch,
                        void (*ready)(void *context, uint32_t events))
{
    struct loop *loop = &front->gateway->loop;
    if (!daemon || loop->source_count == LOOP_SOURCES)
        return false;
    *watch = (struct watch){.fd = -1, .ready = ready, .context = front};
    loop->sources[loop->source_count++] =
        (struct loop_source){.gather = gather, .asked = daemon, .watch = watch};
    return true;
}

void front_daemon_forget(struct front *front, struct watch *watch)
{
    struct loop *loop = &front->gateway->loop;
    size_t kept = 0;
    for (size_t i = 0; i < loop->source_count; i++)
        if (loop->sources[i].watch != watch)
            loop->sources[kept++] = loop->sources[i];
    loop->source_count = kept;
}
