/* One attempt to send a request to a provider. It is created, runs, and is destroyed; nothing of it
 * is reused. libcurl's callbacks only record facts in it and tell the exchange. */
#pragma once

#include "base/buffer.h"
#include "gateway/upstream.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct exchange;

/* All borrowed; `lines` must outlive the try. */
struct try_plan {
    struct exchange *exchange;
    const char *method, *url;
    struct buffer *lines; /* of forward_request; taken over, and wiped at the end */
    const char *body;
    size_t body_length;
};

/* How a transfer ended without an answer. */
enum try_fault {
    TRY_FINE,
    TRY_UNREACHABLE, /* no address, no connection, no TLS */
    TRY_LOST,        /* it was sent, and the connection ended too early or returned nonsense */
    TRY_ABANDONED,   /* by us: no memory for what came */
};

struct
try {
    struct exchange *exchange;
    struct upstream *upstream;
    CURL *easy;
    bool is_running;
    /* The request. */
    struct buffer lines;
    struct curl_slist *list;
    const char *body;
    size_t body_length, sent;
    bool is_small_post; /* nothing was set beside that */
    unsigned rewound;   /* libcurl itself sent it again, on another connection */
    /* The answer. */
    int status;
    struct buffer head; /* of the final answer, as in base/head.h */
    bool has_head;
    bool is_paused;
    bool no_memory;
    bool has_ended;
    enum try_fault fault;
    char error[CURL_ERROR_SIZE]; /* a sentence, for a fault */
};

/* Starts it; NULL if that fails (no memory, or an invalid address). */
struct try *try_create(struct upstream *upstream, const struct try_plan *plan);

/* Aborts it if it runs. Not from a callback of libcurl's. Takes NULL. */
void try_destroy(struct try *try);

/* libcurl has finished: records how it ended and tells the exchange. */
void try_ended(struct try *try, CURLcode result);

/* Goes on reading the answer after it was paused. Not from a callback of libcurl's. */
void try_resume(struct try *try);

/* True if the whole body has been sent: this try no longer needs it. */
bool try_has_sent(const struct try *try);
