#include "system/process/lifeline.h"

#include <signal.h>
#include <sys/prctl.h>

void lifeline_prepare(void)
{
}

void lifeline_tie(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void lifeline_release(pid_t child)
{
    (void)child;
}
