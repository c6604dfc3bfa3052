#include "system/process/facts.h"

#include <stdio.h>
#include <sys/param.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#define PER_SECOND 100

static int64_t in_ticks(const struct timeval *time)
{
    return (int64_t)time->tv_sec * PER_SECOND + time->tv_usec / (1000000 / PER_SECOND);
}

static bool look_up(pid_t pid, struct kinfo_proc *ret_found)
{
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    size_t size = sizeof *ret_found;
    return sysctl(name, sizeof name / sizeof name[0], ret_found, &size, NULL, 0) == 0 &&
           size == sizeof *ret_found && ret_found->kp_proc.p_stat != SZOMB;
}

/* Since 1970: the system does not count from its boot. */
int64_t facts_start(pid_t pid, int64_t leased, bool *ret_stopped)
{
    (void)leased;
    struct kinfo_proc found;
    if (!look_up(pid, &found))
        return 0;
    if (ret_stopped)
        *ret_stopped = found.kp_proc.p_stat == SSTOP;
    return in_ticks(&found.kp_proc.p_starttime);
}

/* Not now: a clock that is set back meanwhile would make us younger than our leases. */
int64_t facts_now(void)
{
    return facts_start(getpid(), 0, NULL);
}

/* The program on the other side (Terminal, sshd, tmux) has no terminal of its own, unlike whoever
 * types a kill. What cannot be looked up has ended, or is root's. */
bool facts_types(pid_t sender)
{
    struct kinfo_proc self, other;
    if (!look_up(getpid(), &self) || self.kp_eproc.e_tdev == NODEV ||
        self.kp_eproc.e_tpgid != self.kp_eproc.e_pgid || sender == getpid())
        return false;
    return sender <= 0 || !look_up(sender, &other) || other.kp_eproc.e_tdev == NODEV;
}

int64_t facts_namespace(void)
{
    return 0;
}

void facts_boot(char *ret_text, size_t size)
{
    size_t length = size;
    if (sysctlbyname("kern.bootsessionuuid", ret_text, &length, NULL, 0) == 0 || size == 0)
        return;
    *ret_text = '\0';
}
