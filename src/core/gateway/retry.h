/* Decides whether a request that was refused or broke off is sent again, with which key and after
 * what pause, or why not. */
#pragma once

#include "core/pool/failure.h"

#include <stdbool.h>
#include <stdint.h>

/* How far the answer has got, seen from the client; in this order. */
enum retry_out { NOTHING_OUT, HEAD_OUT, BODY_OUT };

enum retry_event {
    RETRY_ANSWERED,    /* a whole head came, or an error event in place of a stream's first output:
                          the class tells what it means */
    RETRY_UNREACHABLE, /* nothing was sent: no address, no connection, no TLS */
    RETRY_LOST,   /* sent, and the connection ended without a head or before the first output */
    RETRY_SILENT, /* sent, and nothing came in time */
};

/* What is known about a try that has ended. */
struct retry_facts {
    enum retry_event event;
    enum failure_class class; /* RETRY_ANSWERED: the meaning's; CLASS_NONE for an answer that is to
                                 pass, good or bad */
    bool bare;                /* a 429 that says nothing about the key (meaning.rests is false) */
    int64_t retry_after_ms;   /* as told; -1 if it was not */
    bool should_not_retry;    /* x-should-retry: false */
    enum retry_out out;
    const char *no_body; /* why the body cannot be sent again ("the request's body is not kept");
                            NULL if it can */
    bool repeatable;     /* doing it twice does no harm (route.repeatable) */
    bool bound;          /* it names something that only one key can see: no other key is tried */
    int64_t left_ms;     /* until the request's deadline */
    unsigned keys_left;  /* usable keys that this request has not tried */
    bool master_left;    /* a master may be used and has not been */
    unsigned dice;       /* any number, so that pauses differ */
};

/* What has been tried for a request. All zero before the first try; updated by retry_decide. */
struct retry {
    unsigned tries;      /* that have ended */
    unsigned keys;       /* that were tried, the master included */
    unsigned on_key;     /* tries with the current key */
    unsigned moves_soft; /* to another key, although the last one was not to blame */
    bool waited;         /* for a throttle's end */
};

enum retry_move {
    RETRY_PASS,   /* pass on what came, or our own error */
    RETRY_SAME,   /* the same key, after pause_ms */
    RETRY_NEXT,   /* another key of the pool */
    RETRY_MASTER, /* the master */
};

struct retry_decision {
    enum retry_move move;
    int64_t pause_ms;   /* RETRY_SAME; 0: at once */
    const char *reason; /* a phrase for the log: "the key is used up"; never NULL */
};

/* At most this many keys for a request. */
#define RETRY_KEYS_MOST 5

/* Counts the try that has ended and decides. */
struct retry_decision retry_decide(struct retry *retry, const struct retry_facts *facts);

/* "pass", "same", "next", "master" */
const char *retry_move_name(enum retry_move move);

/* When all keys rest until `earliest` (seconds since 1970, 0: unknown), how many milliseconds the
 * request is held from `now_ms` (since 1970); -1 if the rest is longer than hold_ms or than the
 * time until the deadline. */
int64_t retry_hold(int64_t earliest, int64_t now_ms, int64_t hold_ms, int64_t left_ms);
