#include "system/process/startup.h"

#include "base/json.h"
#include "core/gateway/contract.h"
#include "system/process/protection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool closed[3];

bool startup_was_closed(int fd)
{
    return fd >= 0 && fd < 3 && closed[fd];
}

/* Both or neither: without the socket, the address would receive a key in plain text. Sockets of
 * others are not our business. */
static void leave_gateway(void)
{
    static const char own[] = "/" GATEWAY_SOCKET_NAME;
    const char *socket = getenv("ANTHROPIC_UNIX_SOCKET"), *base = getenv("ANTHROPIC_BASE_URL");
    size_t length = socket ? strlen(socket) : 0;
    if (!base || strcmp(base, GATEWAY_ADDRESS) != 0 || length < sizeof own ||
        strcmp(socket + length - (sizeof own - 1), own) != 0)
        return;
    (void)unsetenv("ANTHROPIC_UNIX_SOCKET");
    (void)unsetenv("ANTHROPIC_BASE_URL");
}

const char *startup_prepare(void)
{
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        closed[fd] = true;
        /* The lowest free number is this one. It is not opened close-on-exec: the child decides. */
        if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
            return "a standard stream is closed and /dev/null cannot be opened in its place";
    }
    if (protection_is_privileged())
        return "it is installed setuid or setgid; it must not be: chmod ug-s";
    protection_begin();
    json_init();
    leave_gateway();
    return NULL;
}

/* We open everything close-on-exec, so a descriptor without it was inherited. */
static void close_inherited(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && !(flags & FD_CLOEXEC))
        (void)close(fd);
}

void startup_drop_inherited(void)
{
    protection_each_descriptor(close_inherited);
}
