/* What the parts of the gateway's program share. */
#pragma once

#include "core/state/state.h"
#include "gateway/body.h"
#include "gateway/book.h"
#include "gateway/front.h"
#include "gateway/loop.h"
#include "gateway/news.h"
#include "gateway/roster.h"
#include "gateway/session.h"
#include "gateway/timers.h"
#include "gateway/upstream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

struct gateway {
    struct loop loop;
    struct timers timers;
    struct upstream upstream;
    struct front *front;
    struct bodies bodies;
    struct roster *roster;
    struct state state;
    struct owner owner;
    struct sessions sessions;
    const char *pinned; /* --key; NULL: any */
    struct news news;

    size_t exchange_count; /* that are not over */
    uint64_t exchanges;    /* so far */
    struct exchange *ready, *all;

    int64_t hold_ms; /* --hold */
};
