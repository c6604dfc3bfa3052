#include "system/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

int descriptor_pipe(int ret_ends[2], int flags)
{
    return pipe2(ret_ends, O_CLOEXEC | flags);
}

int descriptor_socket(int family, int type, int protocol, bool waits)
{
    return socket(family, type | SOCK_CLOEXEC | (waits ? 0 : SOCK_NONBLOCK), protocol);
}

int descriptor_accept(int fd, struct sockaddr_storage *ret_address, socklen_t *ret_length)
{
    *ret_length = sizeof *ret_address;
    return accept4(fd, (struct sockaddr *)ret_address, ret_length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int descriptor_folder(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}
