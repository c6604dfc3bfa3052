#include "system/process/facts.h"

#include <stdio.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/time.h>

#define PER_SECOND 100

static int64_t in_ticks(const struct timeval *time)
{
    return (int64_t)time->tv_sec * PER_SECOND + time->tv_usec / (1000000 / PER_SECOND);
}

/* Since 1970: the system does not count from its boot. */
int64_t facts_start(pid_t pid, bool *ret_stopped)
{
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
    struct kinfo_proc found;
    size_t size = sizeof found;
    if (sysctl(name, sizeof name / sizeof name[0], &found, &size, NULL, 0) < 0 ||
        size < sizeof found || found.kp_proc.p_stat == SZOMB)
        return 0;
    *ret_stopped = found.kp_proc.p_stat == SSTOP;
    return in_ticks(&found.kp_proc.p_starttime);
}

int64_t facts_now(void)
{
    struct timeval now;
    return gettimeofday(&now, NULL) == 0 ? in_ticks(&now) : 0;
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
