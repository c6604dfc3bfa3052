/* Allocations that can fail: which ones do the includer says. A regular expression counts as one:
 * the C library's own code frees things twice when it runs out of memory inside (glibc 2.36). */
#pragma once

#include <dlfcn.h>
#include <regex.h>
#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

/* Not zero: this thread is inside a call that counted already. */
static __thread int inside;

/* The includer's: called for each allocation; sets errno if it is to fail. */
static int fails(void);

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

int regcomp(regex_t *regex, const char *pattern, int flags)
{
    static int (*real)(regex_t *, const char *, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "regcomp");
    if (fails())
        return REG_ESPACE;
    inside++;
    int r = real(regex, pattern, flags);
    inside--;
    return r;
}

int regexec(const regex_t *regex, const char *text, size_t number, regmatch_t matches[number],
            int flags)
{
    static int (*real)(const regex_t *, const char *, size_t, regmatch_t *, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "regexec");
    if (fails())
        return REG_ESPACE;
    inside++;
    int r = real(regex, text, number, matches, flags);
    inside--;
    return r;
}
