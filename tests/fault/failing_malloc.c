/* Preloaded: makes one allocation of tcr-run fail, or all from one on. FAULT_ALLOCATION is its
 * number from the start of main, with a '+' behind it for "and all after it"; FAULT_COUNT a file
 * for the number of all. No other program sees any of it. */
#include "allocations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long failing, count;
static int all_after, counting;
static char count_path[4096];

static int fails(void)
{
    if (!counting || inside)
        return 0;
    count++;
    if (failing == 0 || (all_after ? count < failing : count != failing))
        return 0;
    errno = ENOMEM;
    return 1;
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
