#include "system/net/activation.h"

#include "core/gateway/launchagent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __APPLE__
#include <launch.h>
#endif

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static int count_of(const char *pid, const char *count)
{
    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    return atoi(count);
}

#ifdef __APPLE__
/* launchd gives them when it is asked. A program that it did not start has none. */
static int ask_launchd(int *ret_fds, int most)
{
    int *fds = NULL;
    size_t count = 0;
    if (launch_activate_socket(LAUNCHAGENT_SOCKETS, &fds, &count) != 0)
        return 0;
    for (size_t i = 0; i < count && i < (size_t)most; i++)
        ret_fds[i] = fds[i];
    free(fds);
    return (int)count;
}
#else
static int ask_launchd(int *ret_fds, int most)
{
    (void)ret_fds, (void)most;
    return 0;
}
#endif

static void keep_to_ourselves(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int activation_take(struct listen_address *ret_addresses, int *ret_fds, int most,
                    struct buffer *error)
{
    int count = count_of(getenv("LISTEN_PID"), getenv("LISTEN_FDS"));
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    for (int i = 0; i < count && i < most; i++)
        ret_fds[i] = FIRST_FD + i;
    if (count <= 0)
        count = ask_launchd(ret_fds, most);
    if (count > most) {
        buffer_append_format(error, "systemd handed over %d sockets; expected %d at most", count,
                             most);
        return -EINVAL;
    }
    for (int i = 0; i < count; i++) {
        int r = listen_describe(ret_fds[i], &ret_addresses[i], error);
        if (r < 0)
            return r;
        keep_to_ourselves(ret_fds[i]);
    }
    return count < 0 ? 0 : count;
}
