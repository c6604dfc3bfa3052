#include "system/stream/growth.h"

#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

static int watcher = -1;

bool growth_watch(int fd)
{
    char path[64];
    if (watcher < 0)
        watcher = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return watcher >= 0 && inotify_add_watch(watcher, path, IN_MODIFY) >= 0;
}

int growth_fd(void)
{
    return watcher;
}

void growth_forget(void)
{
    char events[4096];
    /* What does not fit wakes us once more. */
    ssize_t n = watcher < 0 ? 0 : read(watcher, events, sizeof events);
    (void)n;
}
