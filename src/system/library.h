/* Functions of a library that is loaded only when it is needed; in a program that has everything
 * linked in (TCR_STATIC), it is there already, and these two make nothing of it. */
#pragma once

#include "config.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#ifdef TCR_STATIC

static inline void *library_open(const char *name)
{
    (void)name;
    static char linked_in;
    return &linked_in;
}

/* LIBRARY_FIND(library, function, &pointer) */
#define LIBRARY_FIND(library, function, ret_function)                                              \
    ((void)(library), *(ret_function) = (function), true)

#else

/* Stays loaded. NULL if it cannot be loaded. */
static inline void *library_open(const char *name)
{
    return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

/* Sets *ret_function, a pointer to a function. False if the library has none of this name. A
 * pointer to data cannot be made one to a function in ISO C; POSIX has it that the bytes fit. */
static inline bool library_find(void *library, const char *name, void *ret_function)
{
    void *found = dlsym(library, name);
    memcpy(ret_function, &found, sizeof found);
    return found != NULL;
}

#define LIBRARY_FIND(library, function, ret_function) library_find(library, #function, ret_function)

#endif
