#include "system/process/protection.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

bool protection_is_privileged(void)
{
    return getauxval(AT_SECURE);
}

void protection_begin(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0);
}

/* An exec does that. */
void protection_end_in_child(void)
{
}

void protection_each_descriptor(void (*call)(int fd))
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        int fd = atoi(entry->d_name);
        if (fd > 2)
            call(fd);
    }
    (void)closedir(folder);
}
