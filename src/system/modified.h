/* When a file was changed last, to the nanosecond: its name in `struct stat` is not the same on all
 * systems. The second alone is st_mtime everywhere. */
#pragma once

#include "config.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

static inline struct timespec modified_at(const struct stat *status)
{
    return status->TCR_MODIFIED;
}

static inline bool modified_equal(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}
