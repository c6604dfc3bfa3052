#include "system/stream/terminal.h"

#include "base/cleanup.h"
#include "system/files.h"
#include "system/host.h"
#include "system/stream/ourterminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int open_slave(int master)
{
    char name[128];
    if (grantpt(master) < 0 || unlockpt(master) < 0)
        return -errno;
    int r = ptsname_r(master, name, sizeof name);
    if (r != 0)
        return -r;
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return slave < 0 ? -errno : slave;
}

int terminal_open(int like, int *ret_master, int *ret_slave)
{
    struct termios settings;
    CLEANUP_CLOSE int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return -errno;
    int slave = open_slave(master);
    if (slave < 0)
        return slave;
    if (tcgetattr(like, &settings) == 0) {
        settings.c_oflag &= ~(tcflag_t)OPOST;
        settings.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
        (void)tcsetattr(slave, TCSANOW, &settings);
    }
    (void)terminal_copy_size(like, slave);
    *ret_master = cleanup_take_fd(&master);
    *ret_slave = slave;
    return 0;
}

bool terminal_copy_size(int from, int to)
{
    struct winsize size, old;
    if (ioctl(from, TIOCGWINSZ, &size) < 0 || ioctl(to, TIOCGWINSZ, &old) < 0 ||
        (size.ws_row == old.ws_row && size.ws_col == old.ws_col &&
         size.ws_xpixel == old.ws_xpixel && size.ws_ypixel == old.ws_ypixel))
        return false;
    return ioctl(to, TIOCSWINSZ, &size) == 0;
}

static bool read_answer(int fd, const char *question, const struct host *host, bool otherwise)
{
    char c = 0, first = 0;
    while (!host_interrupted(host)) {
        if (host_stopped(host)) /* the shell has written over the line */
            (void)files_write_all(fd, question, strlen(question));
        /* A signal does not end the read. Look for one now and then. */
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int n = poll(&ready, 1, 100);
        if (n == 0 || (n < 0 && errno == EINTR))
            continue;
        if (read(fd, &c, 1) != 1)
            return false;
        if (c == '\n' || c == '\r')
            return first == 0 ? otherwise : first == 'y' || first == 'Y';
        if (first == 0)
            first = c;
    }
    return false;
}

static bool ask(const char *question, const struct host *host, bool otherwise)
{
    CLEANUP_CLOSE int fd = ourterminal_open();
    if (fd < 0)
        return false;
    /* Input that was typed for an earlier program is not an answer. */
    (void)tcflush(fd, TCIFLUSH);
    (void)files_write_all(fd, question, strlen(question));
    bool yes = read_answer(fd, question, host, otherwise);
    if (!yes)
        (void)files_write_all(fd, "\n", 1);
    return yes;
}

bool terminal_confirm(const char *question, const struct host *host)
{
    return ask(question, host, true);
}

bool terminal_agree(const char *question, const struct host *host)
{
    return ask(question, host, false);
}
