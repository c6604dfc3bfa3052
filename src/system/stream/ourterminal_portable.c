#include "system/stream/ourterminal.h"

#include <fcntl.h>
#include <unistd.h>

/* poll of macOS takes a terminal, but not /dev/tty, for which it always returns at once: a signal
 * would then be seen only after the answer. Only for our own terminal is tcgetpgrp no error. */
int ourterminal_open(void)
{
    char path[256];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (tcgetpgrp(fd) < 0 || ttyname_r(fd, path, sizeof path) != 0)
            continue;
        int opened = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (opened >= 0)
            return opened;
    }
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}
