/* Scope-bound release: a declaration that names its own end needs no goto. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer_to_heap)
{
    free(*(void **)pointer_to_heap);
}

static inline void cleanup_close(const int *fd)
{
    /* Not retried: on Linux the descriptor is gone even where close says EINTR. */
    if (*fd >= 0)
        (void)close(*fd);
}

/* For what outlives the scope after all. */
static inline int cleanup_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#define CLEANUP_FREE  __attribute__((cleanup(cleanup_free)))
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close)))
