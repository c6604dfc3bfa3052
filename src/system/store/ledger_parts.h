/* What the two sides of the ledger share; for ledger*.c alone. */
#pragma once

#include "base/buffer.h"
#include "core/pool/keyring.h"
#include "core/state/entry.h"
#include "system/store/ledger.h"
#include "system/store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* A keyring that is looked at, and what to do when it is not any more. */
struct followed {
    const struct keyring *keyring;
    void (*release)(void *context);
    void *context;
};

struct waiting_claim {
    struct claim claim;
    bool failed;
    struct waiting_claim *next;
};

struct waiting_claims {
    struct waiting_claim *first, *last;
};

struct ledger {
    /* The loop's. */
    const struct host *host;
    struct owner owner;
    struct state state;
    struct entries made; /* by the choice that is going on */
    struct followed keys;
    int64_t ahead; /* seconds by which the state's clock is ahead of ours */
    int news_fd;
    char *events_path; /* NULL: they are in no file */

    /* Of both, under the lock, which is held for moments: a thread that has it waits for nothing.
     * What the loop's memory holds is the news, then `flying`, then `fresh`. */
    pthread_mutex_t lock;
    pthread_cond_t wake, ended;
    struct entries fresh;     /* not given to the store yet */
    struct entries flying;    /* being written, or to be written again */
    struct state held;        /* of which only the leases are used: ours */
    char salt[IDENTITY_SALT]; /* that the identities in those three are made with */
    bool held_changed, urgent, dirty;
    bool foreign; /* the store has another salt: nothing is written until the loop has renamed */
    struct buffer events, reports;
    struct waiting_claims claims, answered;
    size_t claim_count; /* of both, and of those that the thread has */
    struct state news;
    int64_t news_ahead;
    bool has_news;
    struct followed next_keys, old_keys; /* to be looked at from now on; not any more */
    bool has_next_keys, has_old_keys;
    bool ending, has_ended, failing;

    /* The thread's. */
    pthread_t thread;
    struct store *store;
    struct host store_host;
    int tell_fd;
    atomic_bool abandoned;
    struct lease *leases; /* ours, as they are to be written */
    size_t lease_count;
    bool write_leases;
    bool reported;
    int64_t dirty_until, look_at, retry_at; /* clock_now_ms */
};

/* The thread. */
void *ledger_keep(void *context);

/* For the thread: has the server answer the claims that wait. True if there were any. */
bool ledger_answer_claims(struct ledger *ledger);

void ledger_finish_claims(struct ledger *ledger);
