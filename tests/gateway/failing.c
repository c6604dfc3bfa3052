/* Preloaded: makes the allocation of that number (FAULT_ALLOCATION, counted in the gateway from its
 * start) fail, once. FAULT_COUNT is a file that their number is written to at the end. A regular
 * expression counts as one: the C library's own code frees things twice when it runs out of memory
 * inside (glibc 2.36). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long count;
static long failing;
static int counting;
static __thread int inside;

static int fails(void)
{
    if (!counting || inside || atomic_fetch_add(&count, 1) + 1 != failing)
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

__attribute__((constructor)) static void begin(void)
{
    char name[256] = "";
    ssize_t n = readlink("/proc/self/exe", name, sizeof name - 1);
    const char *number = getenv("FAULT_ALLOCATION");
    if (n <= 0 || !strstr(name, "tcr-gateway"))
        return;
    failing = number ? atol(number) : 0;
    counting = 1;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAULT_COUNT");
    char text[32];
    if (!counting || !path)
        return;
    counting = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&count));
    if (fd >= 0 && write(fd, text, (size_t)length) == length)
        (void)close(fd);
}
