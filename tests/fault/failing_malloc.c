/* Preloaded: makes one allocation of tcr-run fail, or all from one on. FAULT_ALLOCATION is its
 * number from the start of main, with a '+' behind it for "and all after it"; FAULT_COUNT a file
 * for the number of all. No other program sees any of it. A regular expression counts as one: the
 * C library's own code frees things twice when it runs out of memory inside (glibc 2.36). */
#include <dlfcn.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long failing, count;
static int all_after, counting;
static char count_path[4096];

static int fails(void)
{
    if (!counting)
        return 0;
    count++;
    if (failing == 0 || (all_after ? count < failing : count != failing))
        return 0;
    errno = ENOMEM;
    return 1;
}

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
    int before = counting;
    counting = 0;
    int r = real(regex, pattern, flags);
    counting = before;
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
    int before = counting;
    counting = 0;
    int r = real(regex, text, number, matches, flags);
    counting = before;
    return r;
}

__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("FAULT_ALLOCATION"), *path = getenv("FAULT_COUNT");
    if (strcmp(program_invocation_short_name, "tcr-run") != 0)
        return;
    failing = number ? strtol(number, NULL, 10) : 0;
    all_after = number && strchr(number, '+') != NULL;
    if (path)
        snprintf(count_path, sizeof count_path, "%s", path);
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT_ALLOCATION");
    unsetenv("FAULT_COUNT");
    counting = 1;
}

__attribute__((destructor)) static void end(void)
{
    counting = 0;
    FILE *file = *count_path ? fopen(count_path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", count);
    (void)fclose(file);
}
