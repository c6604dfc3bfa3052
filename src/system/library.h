/* Functions of a library that is loaded only when it is needed. */
#pragma once

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* Sets *ret_function, a pointer to a function. False if the library has none of this name. A
 * pointer to data cannot be made one to a function in ISO C; POSIX has it that the bytes fit. */
static inline bool library_find(void *library, const char *name, void *ret_function)
{
    void *found = dlsym(library, name);
    memcpy(ret_function, &found, sizeof found);
    return found != NULL;
}
