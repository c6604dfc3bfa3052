#include "system/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void host_report(const struct host *host, enum report kind, const char *format, ...)
{
    va_list arguments;
    char *sentence = NULL;
    if (!host || !host->report)
        return;
    va_start(arguments, format);
    int length = vasprintf(&sentence, format, arguments);
    va_end(arguments);
    if (length >= 0)
        host->report(host->context, kind, sentence);
    free(sentence);
}

int host_interrupted(const struct host *host)
{
    return host && host->interrupted ? host->interrupted(host->context) : 0;
}

bool host_stopped(const struct host *host)
{
    return host && host->stopped && host->stopped(host->context);
}
