#include "system/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool set_up(int fd, bool waits)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return false;
    int flags = waits ? 0 : fcntl(fd, F_GETFL);
    return waits || (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0);
}

static void close_both(const int ends[2])
{
    int error = errno;
    (void)close(ends[0]);
    (void)close(ends[1]);
    errno = error;
}

int descriptor_pipe(int ret_ends[2], int flags)
{
    int ends[2];
    bool waits = !(flags & O_NONBLOCK);
    if (pipe(ends) < 0)
        return -1;
    if (!set_up(ends[0], waits) || !set_up(ends[1], waits)) {
        close_both(ends);
        return -1;
    }
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return 0;
}

/* Where a socket itself can be told to, it raises no SIGPIPE: MSG_NOSIGNAL may be unknown there. */
static int set_up_socket(int fd, bool waits)
{
    if (fd < 0)
        return fd;
#ifdef SO_NOSIGPIPE
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    if (set_up(fd, waits))
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

int descriptor_socket(int family, int type, int protocol, bool waits)
{
    return set_up_socket(socket(family, type, protocol), waits);
}

int descriptor_accept(int fd, struct sockaddr_storage *ret_address, socklen_t *ret_length)
{
    *ret_length = sizeof *ret_address;
    return set_up_socket(accept(fd, (struct sockaddr *)ret_address, ret_length), false);
}

int descriptor_folder(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}
