#include "system/store/lockfile.h"

#include "system/files.h"
#include "system/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STEP_US      200
#define STEP_MOST_US 4000

/* Random, so that the waiters do not all look at the same moments. */
static long sleep_about(long microseconds)
{
    long most = microseconds * 2;
    uint32_t number;
    random_fill(&number, sizeof number);
    long pause = 1 + (long)(number % (uint32_t)most);
    (void)nanosleep(&(struct timespec){.tv_nsec = pause * 1000}, NULL);
    return pause;
}

/* Adds the microseconds to *waited. */
static int wait_for_lock(int fd, long most_us, const struct host *host, long *waited)
{
    long step = STEP_US;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        if (error == EINTR)
            continue;
        if (error != EWOULDBLOCK)
            return -error;
        if (*waited >= most_us || host_interrupted(host))
            return -ETIMEDOUT;
        *waited += sleep_about(step);
        step = step * 2 < STEP_MOST_US ? step * 2 : STEP_MOST_US;
    }
    return 0;
}

int lockfile_wait(int fd, long most_us, const struct host *host)
{
    long waited = 0;
    return wait_for_lock(fd, most_us, host, &waited);
}

static bool is_unlinked(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

int lockfile_take(int folder_fd, const char *name, long most_us, const struct host *host,
                  int *ret_fd)
{
    long waited = 0;
    for (;;) {
        long before = waited;
        int fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return -errno;
        files_keep_private(fd);
        int r = wait_for_lock(fd, most_us, host, &waited);
        if (r == 0 && (waited == before || !is_unlinked(fd))) {
            *ret_fd = fd;
            return 0;
        }
        (void)close(fd);
        if (r < 0)
            return r;
    }
}
