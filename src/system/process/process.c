#include "system/process/process.h"

#include "system/process/facts.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNSEEN_LEASE_SECONDS 86400

struct owner process_self(void)
{
    static struct owner self;
    const pid_t pid = getpid();
    if (self.pid == pid)
        return self;
    self = (struct owner){.pid = pid, .start = facts_now()};
    self.pid_namespace = facts_namespace();
    facts_boot(self.boot, sizeof self.boot);
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
    int64_t start = facts_start((pid_t)owner->pid, owner->start, waits ? &stopped : NULL);
    return start == 0 || (owner->start != 0 && start > owner->start) || stopped;
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
