#include "system/stream/growth.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/types.h>

#include <sys/event.h> /* after what FreeBSD's needs */
#include <sys/time.h>

static int watcher = -1;

bool growth_watch(int fd)
{
    struct kevent event;
    if (watcher < 0 && (watcher = kqueue()) >= 0)
        (void)fcntl(watcher, F_SETFD, FD_CLOEXEC);
    EV_SET(&event, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE | NOTE_EXTEND, 0, NULL);
    return watcher >= 0 && kevent(watcher, &event, 1, NULL, 0, NULL) >= 0;
}

int growth_fd(void)
{
    return watcher;
}

void growth_forget(void)
{
    const struct timespec at_once = {0};
    struct kevent events[8];
    if (watcher >= 0)
        (void)kevent(watcher, NULL, 0, events, sizeof events / sizeof events[0], &at_once);
}
