/* What a module that has effects tells the process it works for, and asks it. Only the process
 * knows where its messages go and what its signals mean: the launcher prints a line, the gateway
 * hands it to its event loop. */
#pragma once

#include <stdbool.h>

enum report {
    REPORT_WARN,   /* somebody should read it; the sentence does not say that it is a warning */
    REPORT_EXPLAIN /* for those who asked for explanations */
};

struct host {
    /* One sentence without a line's end. NULL: nothing is reported. */
    void (*report)(void *context, enum report kind, const char *sentence);
    /* The signal by which somebody asks the process to end; 0 if nobody does. What waits gives up.
     * NULL: nobody asks. */
    int (*interrupted)(void *context);
    /* Ctrl-Z: stops the process if that was asked. True if it was stopped, and goes on now. NULL:
     * nobody asks. */
    bool (*stopped)(void *context);
    void *context;
};

/* Takes NULL for a host that wants nothing. */
void host_report(const struct host *host, enum report kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int host_interrupted(const struct host *host);
bool host_stopped(const struct host *host);
