#include "system/store/resolve.h"

#include "base/cleanup.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/files.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int look_up(const char *host, const char *port, int flags,
                   struct address ret_addresses[RESOLVE_MOST])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *list;
    int count = 0;
    int r = getaddrinfo(host, port, &hints, &list);
    if (r != 0)
        return r == EAI_MEMORY ? -ENOMEM : -ENOENT;
    for (const struct addrinfo *p = list; p && count < RESOLVE_MOST; p = p->ai_next) {
        if (p->ai_addrlen > sizeof ret_addresses->name)
            continue;
        ret_addresses[count].length = p->ai_addrlen;
        memcpy(&ret_addresses[count++].name, p->ai_addr, p->ai_addrlen);
    }
    freeaddrinfo(list);
    return count > 0 ? count : -ENOENT;
}

/* Reads whole addresses until the writer has ended. */
static int read_addresses(int fd, int64_t deadline, struct address addresses[RESOLVE_MOST])
{
    char *bytes = (char *)addresses;
    size_t length = 0, most = RESOLVE_MOST * sizeof *addresses;
    while (length < most) {
        int64_t left = deadline - clock_now_ms();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int n = poll(&ready, 1, left > 0 ? (int)left : 0);
        if (n == 0)
            return -ETIMEDOUT;
        ssize_t got = n < 0 ? -1 : read(fd, bytes + length, most - length);
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got == 0)
            break;
        length += got > 0 ? (size_t)got : 0;
    }
    int count = (int)(length / sizeof *addresses);
    return count > 0 ? count : -ENOENT;
}

static int look_up_apart(const char *host, const char *port, int64_t deadline,
                         struct address ret_addresses[RESOLVE_MOST])
{
    int ends[2];
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    CLEANUP_CLOSE int reader = ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        struct address found[RESOLVE_MOST] = {0};
        int count = look_up(host, port, 0, found);
        if (count > 0)
            (void)files_write_all(ends[1], (const char *)found, (size_t)count * sizeof *found);
        _exit(0);
    }
    int r = pid < 0 ? -errno : 0;
    (void)close(ends[1]);
    if (r < 0)
        return r;
    r = read_addresses(reader, deadline, ret_addresses);
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return r;
}

int resolve_host(const char *host, const char *port, int64_t deadline,
                 struct address ret_addresses[RESOLVE_MOST])
{
    int r = look_up(host, port, AI_NUMERICHOST | AI_NUMERICSERV, ret_addresses);
    return r == -ENOENT ? look_up_apart(host, port, deadline, ret_addresses) : r;
}

int resolve_socket(const char *path, struct address *ret_address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof name.sun_path)
        return -ENAMETOOLONG;
    memcpy(name.sun_path, path, length + 1);
    memcpy(&ret_address->name, &name, sizeof name);
    ret_address->length = sizeof name;
    return 0;
}
