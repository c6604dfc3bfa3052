#include "commands/host.h"

#include "system/log.h"
#include "system/process/signals.h"

#include <stddef.h>

static void report(void *context, enum report kind, const char *sentence)
{
    (void)context;
    if (kind == REPORT_EXPLAIN)
        log_explain("%s", sentence);
    else
        log_warn("%s", sentence);
}

static int ending_signal(void *context)
{
    (void)context;
    return signals_end_pending();
}

static int stop_or_ending_signal(void *context)
{
    (void)context;
    return signals_stop_or_end();
}

static bool stop_if_asked(void *context)
{
    (void)context;
    return signals_stop_if_asked();
}

const struct host command_host = {
    .report = report, .interrupted = ending_signal, .stopped = stop_if_asked};
const struct host command_host_stoppable = {.report = report, .interrupted = stop_or_ending_signal};
