/* Preloaded: makes the allocation of that number (FAULT_ALLOCATION, counted in the gateway from its
 * start) fail, once. FAULT_COUNT is a file that their number is written to at the end. */
#include "../fault/allocations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long count;
static long failing;
static int counting;

static int fails(void)
{
    if (!counting || inside || atomic_fetch_add(&count, 1) + 1 != failing)
        return 0;
    errno = ENOMEM;
    return 1;
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
