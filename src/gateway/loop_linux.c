#include "gateway/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The numbers are the same. */
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR &&
                   EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP,
               "watches are told of events in poll's terms");

int loop_init(struct loop *loop)
{
    *loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    return loop->epoll < 0 ? -errno : 0;
}

void loop_finish(struct loop *loop)
{
    if (loop->epoll >= 0)
        (void)close(loop->epoll);
    loop->epoll = -1;
}

static int control(struct loop *loop, int operation, struct watch *watch)
{
    struct epoll_event event = {.events = watch->events, .data.ptr = watch};
    return epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct watch *watch)
{
    return control(loop, EPOLL_CTL_ADD, watch);
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
    if (watch->events == events)
        return 0;
    watch->events = events;
    return control(loop, EPOLL_CTL_MOD, watch);
}

void loop_remove(struct loop *loop, struct watch *watch)
{
    (void)control(loop, EPOLL_CTL_DEL, watch);
    for (int i = 0; i < loop->batch_count; i++)
        if (loop->batch[i] == watch)
            loop->batch[i] = NULL;
}

int loop_round(struct loop *loop, int milliseconds)
{
    struct epoll_event events[LOOP_BATCH];
    int count = epoll_wait(loop->epoll, events, LOOP_BATCH, milliseconds);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    /* A watch that was removed while others were served is found here and not served. */
    for (int i = 0; i < count; i++)
        loop->batch[i] = events[i].data.ptr;
    loop->batch_count = count;
    for (int i = 0; i < count; i++) {
        struct watch *watch = loop->batch[i];
        if (watch)
            watch->ready(watch->context, events[i].events);
    }
    loop->batch_count = 0;
    return 0;
}
