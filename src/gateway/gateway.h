/* What the parts of the gateway's program share. */
#pragma once

#include "gateway/body.h"
#include "gateway/book.h"
#include "gateway/dropped.h"
#include "gateway/front.h"
#include "gateway/holder.h"
#include "gateway/loop.h"
#include "gateway/news.h"
#include "gateway/roster.h"
#include "gateway/timers.h"
#include "gateway/upstream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent;
struct exchange;
struct fetch;
struct ledger;
struct metering;
struct guests;
struct page;
struct tlsfiles;

struct gateway {
    struct loop loop;
    struct timers timers;
    struct upstream upstream;
    struct front *front;
    struct bodies bodies;
    struct roster *roster;
    struct ledger *ledger;
    struct watch ledger_watch;
    struct holders holders;
    int64_t common_quiet_until; /* clock_now_ms; see common.h */
    struct timer tidy;          /* until holders are looked at */
    struct timer renew;         /* until logins that end soon are looked for */
    const char *pinned;         /* --key; NULL: any */
    const char *first;          /* that a new session begins with if it is ready; NULL: any */
    struct news news;
    struct dropped dropped;
    struct guests *guests;     /* NULL: there are no users */
    struct tlsfiles *tlsfiles; /* NULL: it does not speak TLS */
    struct metering *metering; /* NULL: usage is not recorded */
    struct page *page;         /* NULL: there is none, as in a run's own gateway */

    size_t exchange_count;     /* that have not ended */
    size_t crowd;              /* the most clients connected since memory was given back */
    uint64_t exchanges;        /* so far */
    uint64_t exchanges_tidied; /* of them, when it was last tidied up with none under way */
    bool has_tidied;
    struct exchange *ready, *completed, *all;

    const struct options *options; /* about keys */
    int64_t roster_looked;         /* clock_now_ms */
    struct agent *agents;          /* that run, or are ending */
    struct fetch *fetches;         /* token commands under way */
    struct errand *errands;        /* changes under way */
    int64_t hold_ms;               /* --hold */
    int64_t silence_ms;            /* how long a request is held without a sign of life */
    int64_t errand_ms;             /* what a change of an account may take */
    int64_t stall_ms;              /* after which a stream that says nothing is given up */
};

/* Reads the keys again if their files have changed; at most once a second. Keys that cannot be read
 * are reported, and the old ones stay in use. */
void gateway_renew_roster(struct gateway *gateway);

/* How many requests are under way that are not for the gateway itself. */
size_t gateway_requests(const struct gateway *gateway);
