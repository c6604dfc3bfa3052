/* The gateway's command line: see contract.h, and tcr-run-gateway(1) for the lasting one. */
#pragma once

#include "core/client/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGUMENTS_LISTENERS 16

struct arguments {
    struct options options; /* what it shares with a run: options about keys */
    int listeners[ARGUMENTS_LISTENERS];
    size_t listener_count;
    bool is_private;
    bool behind_proxy;
    const char *tls_cert, *tls_key; /* paths; NULL: none */
    bool is_detached;
    int tell_fd, life_fd, lock_fd; /* -1: none */
    const char *folder, *first;
    char *stand_in; /* in guarded memory; NULL: none is required */
    int64_t hold_seconds;
    int64_t keep_seconds;    /* --keep; -1: as set before */
    int64_t silence_seconds; /* --silence: 150, and less in tests */
    int64_t stall_seconds;   /* --stall: 300, and less in tests */
    int64_t errand_seconds;  /* --errand: 120, and less in tests */
};

/* False after saying what is wrong. Ended with arguments_finish either way. */
bool arguments_read(int argc, char **argv, struct arguments *ret_arguments);
void arguments_finish(struct arguments *arguments);
