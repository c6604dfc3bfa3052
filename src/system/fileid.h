/* Which file was found under a name, and in which state: for whoever looks a second time, whether
 * it is still that file (a lock's owner, a log that is renamed) and whether it was written since (a
 * key file that is to be read anew). Of a file whose times are set back and whose length stays,
 * nobody can tell that it was written. */
#pragma once

#include "config.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* All 0: there was none. */
struct fileid {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified; /* its name in `struct stat` is not the same on all systems */
};

static inline struct fileid fileid_of(const struct stat *status)
{
    return (struct fileid){status->st_dev, status->st_ino, status->st_size, status->TCR_MODIFIED};
}

/* Of the file that the path leads to. */
static inline struct fileid fileid_at(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? fileid_of(&status) : (struct fileid){0};
}

/* Of one that is open. */
static inline struct fileid fileid_open(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? fileid_of(&status) : (struct fileid){0};
}

static inline bool fileid_is_none(struct fileid id)
{
    return id.inode == 0 && id.device == 0;
}

/* The same file, whatever was written into it. */
static inline bool fileid_is_same(struct fileid a, struct fileid b)
{
    return a.device == b.device && a.inode == b.inode && !fileid_is_none(a);
}

/* Nothing has happened in between: the same file and not written, or none at either time. */
static inline bool fileid_is_unchanged(struct fileid a, struct fileid b)
{
    return a.device == b.device && a.inode == b.inode && a.size == b.size &&
           a.modified.tv_sec == b.modified.tv_sec && a.modified.tv_nsec == b.modified.tv_nsec;
}
