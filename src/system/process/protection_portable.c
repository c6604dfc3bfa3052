#include "system/process/protection.h"

#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_MOST 65536

static struct rlimit before;
static bool has_begun;

bool protection_is_privileged(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}

void protection_begin(void)
{
    if (getrlimit(RLIMIT_CORE, &before) < 0)
        return;
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    has_begun = setrlimit(RLIMIT_CORE, &none) == 0;
}

void protection_end_in_child(void)
{
    if (has_begun)
        (void)setrlimit(RLIMIT_CORE, &before);
}

void protection_each_descriptor(void (*call)(int fd))
{
    struct rlimit limit;
    int most = DESCRIPTORS_MOST;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MOST)
        most = (int)limit.rlim_cur;
    for (int fd = 3; fd < most; fd++)
        call(fd);
}
