#include "gateway/front_daemon.h"

#include "gateway/gateway.h"

unsigned front_daemon_flags(void)
{
    return MHD_USE_EPOLL;
}

size_t front_daemon_most(void)
{
    return SIZE_MAX;
}

/* It has an epoll of its own, which is ready when one of its sockets is. */
bool front_daemon_watch(struct front *front, struct MHD_Daemon *daemon, struct watch *watch,
                        void (*ready)(void *context, uint32_t events))
{
    const union MHD_DaemonInfo *info =
        daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info)
        return false;
    *watch = (struct watch){info->epoll_fd, POLLIN, ready, front};
    return loop_add(&front->gateway->loop, watch) == 0;
}

void front_daemon_forget(struct front *front, struct watch *watch)
{
    loop_remove(&front->gateway->loop, watch);
}
