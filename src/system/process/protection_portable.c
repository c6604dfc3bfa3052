#include "system/process/protection.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_MOST 65536
#define AT_ONCE          1024

static struct rlimit before;
static bool has_begun;

bool protection_is_privileged(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}

void protection_begin(void)
{
    if (getrlimit(RLIMIT_CORE, &before) < 0)
        return;
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    has_begun = setrlimit(RLIMIT_CORE, &none) == 0;
}

void protection_end_in_child(void)
{
    if (has_begun)
        (void)setrlimit(RLIMIT_CORE, &before);
}

/* Of those that are not open poll says so, many at once. Where it fails, each counts as open. */
static void call_for_open(int first, int count, void (*call)(int fd))
{
    struct pollfd some[AT_ONCE];
    int r;
    for (int i = 0; i < count; i++)
        some[i] = (struct pollfd){.fd = first + i};
    do
        r = poll(some, (nfds_t)count, 0);
    while (r < 0 && errno == EINTR);
    for (int i = 0; i < count; i++)
        if (r < 0 || !(some[i].revents & POLLNVAL))
            call(first + i);
}

void protection_each_descriptor(void (*call)(int fd))
{
    struct rlimit limit;
    int most = DESCRIPTORS_MOST;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MOST)
        most = (int)limit.rlim_cur;
    for (int fd = 3; fd < most; fd += AT_ONCE)
        call_for_open(fd, most - fd < AT_ONCE ? most - fd : AT_ONCE, call);
}
