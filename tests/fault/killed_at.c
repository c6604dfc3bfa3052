/* Preloaded: kills tcr-run's process that renews a login, once it has sent the token that can be
 * used once, before call number KILLED_AT of those that leave something behind. Not before it has
 * an answer: that would be lost. No other process counts: this one begins a session of its own. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static long at, left;

static void step(void)
{
    if (left > 0 && --left == 0)
        (void)kill(getpid(), SIGKILL);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRAP(type, name, parameters, arguments)                                                    \
    type name parameters                                                                           \
    {                                                                                              \
        step();                                                                                    \
        return NEXT(name) arguments;                                                               \
    }

pid_t setsid(void)
{
    const char *number = getenv("KILLED_AT");
    pid_t session = NEXT(setsid)();
    at = number ? strtol(number, NULL, 10) : 0;
    return session;
}

WRAP(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, msync, (void *bytes, size_t size, int flags), (bytes, size, flags))
WRAP(int, posix_fallocate64, (int fd, off64_t from, off64_t size), (fd, from, size))
WRAP(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, rmdir, (const char *path), (path))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t n = NEXT(send)(fd, bytes, size, flags);
    if (left == 0)
        left = at;
    at = 0;
    return n;
}

static mode_t mode_of(int flags, va_list rest)
{
    return flags & O_CREAT ? va_arg(rest, mode_t) : 0;
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    step();
    return NEXT(openat64)(folder, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    step();
    return NEXT(open64)(path, flags, mode);
}
