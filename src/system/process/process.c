#include "system/process/process.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define UNSEEN_LEASE_SECONDS 86400

static ssize_t read_small(const char *path, char *text, size_t size)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n < 0 ? 0 : n] = '\0';
    return n;
}

/* When a process began, in clock ticks since boot; 0 if it does not exist or is a zombie. These are
 * fields 3 and 22 of /proc/PID/stat, counted after the last ')', because the name may hold
 * anything. */
static int64_t start_time(int64_t pid, bool *ret_stopped)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    if (read_small(path, text, sizeof text) <= 0)
        return 0;
    const char *p = strrchr(text, ')');
    if (!p || strncmp(p, ") Z", 3) == 0 || strncmp(p, ") X", 3) == 0)
        return 0;
    *ret_stopped = strncmp(p, ") T", 3) == 0;
    for (int field = 2; p && field < 22; field++) {
        p = strchr(p, ' ');
        p = p ? p + 1 : NULL;
    }
    return p ? strtoll(p, NULL, 10) : 0;
}

static int64_t ticks_since_boot(void)
{
    struct timespec now;
    long rate = sysconf(_SC_CLK_TCK);
    if (clock_gettime(CLOCK_BOOTTIME, &now) < 0 || rate <= 0)
        return 0;
    return now.tv_sec * rate + now.tv_nsec / (1000000000 / rate);
}

struct owner process_self(void)
{
    static struct owner self;
    struct stat status;
    const pid_t pid = getpid();
    if (self.pid == pid)
        return self;
    self = (struct owner){.pid = pid, .start = ticks_since_boot()};
    if (stat("/proc/self/ns/pid", &status) == 0)
        self.pid_namespace = (int64_t)status.st_ino;
    if (read_small("/proc/sys/kernel/random/boot_id", self.boot, sizeof self.boot) > 0)
        self.boot[strcspn(self.boot, "\n")] = '\0';
    return self;
}

static bool is_near(const struct owner *owner, const struct owner *self)
{
    return owner->pid_namespace == self->pid_namespace && strcmp(owner->boot, self->boot) == 0;
}

/* A run that is stopped (SIGSTOP) keeps its key, but loses its place in the queue. */
static bool is_gone(const struct owner *owner, const struct owner *self, bool waits)
{
    if (!is_near(owner, self) || owner_equal(owner, self))
        return false;
    if (owner->pid <= 0 || (kill((pid_t)owner->pid, 0) < 0 && errno == ESRCH))
        return true;
    /* A process that began after the lease was given has only inherited the number. */
    bool stopped = false;
    int64_t start = start_time(owner->pid, &stopped);
    return start == 0 || (owner->start != 0 && start > owner->start) || (stopped && waits);
}

bool process_is_gone(const struct owner *owner, bool waits)
{
    struct owner self = process_self();
    return is_gone(owner, &self, waits);
}

bool process_holds(const struct lease *lease)
{
    struct owner self = process_self();
    const struct owner *owner = &lease->owner;
    if (strcmp(owner->boot, self.boot) != 0)
        return owner_equal(owner, &self);
    if (owner->pid_namespace != self.pid_namespace)
        return time(NULL) - lease->since < UNSEEN_LEASE_SECONDS;
    return !is_gone(owner, &self, lease->ticket > 0);
}
