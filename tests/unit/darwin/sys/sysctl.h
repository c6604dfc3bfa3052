/* As much of macOS's as facts_darwin.c asks for; test_darwin.c answers. */
#pragma once

#include <stddef.h>
#include <sys/time.h>
#include <sys/types.h>

#define CTL_KERN      1
#define KERN_PROC     14
#define KERN_PROC_PID 1

struct kinfo_proc {
    struct {
        struct timeval p_starttime;
        char p_stat;
    } kp_proc;
    struct {
        pid_t e_pgid, e_tpgid;
        dev_t e_tdev;
    } kp_eproc;
};

int sysctl(int *name, unsigned name_length, void *ret_found, size_t *size, void *set,
           size_t set_size);
int sysctlbyname(const char *name, void *ret_found, size_t *size, void *set, size_t set_size);
