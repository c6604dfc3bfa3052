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

static bool is_asked_to_end(void *context)
{
    (void)context;
    return signals_end_pending() != 0;
}

static bool is_asked_to_stop_or_end(void *context)
{
    (void)context;
    return signals_stop_or_end() != 0;
}

const struct host command_host = {report, is_asked_to_end, NULL};
const struct host command_host_stoppable = {report, is_asked_to_stop_or_end, NULL};
