/* One request, from its head to the last byte of its answer. It owns the request's body, the bytes
 * that wait to be sent, and at most one try at a time. Only exchange_settle, at the loop's top
 * level, changes its state: everything else records facts and marks the exchange. */
#pragma once

#include "base/buffer.h"
#include "core/gateway/eventstream.h"
#include "core/gateway/retry.h"
#include "core/gateway/route.h"
#include "core/gateway/sessionid.h"
#include "core/gateway/tokens.h"
#include "core/pool/failure.h"
#include "core/state/choice.h"
#include "core/state/event.h"
#include "gateway/body.h"
#include "gateway/bridge.h"
#include "gateway/front.h"
#include "gateway/holder.h"
#include "gateway/pending.h"
#include "gateway/roster.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Response;
struct gateway;
struct try;
struct agent;
struct page_stream;

enum exchange_state {
    RECEIVING,  /* the body comes in */
    CHOOSING,   /* a key is needed */
    HOLDING,    /* it waits for the timer */
    CONSULTING, /* it asks us: metering.c or errand.c finds the answer */
    ASKING,     /* a try is running, and no head has come */
    JUDGING,    /* a head has come; what it means is not known yet */
    WORKING,    /* Claude Code runs for it */
    WATCHING,   /* a stream of events of the page */
    STREAMING,  /* the answer is passed on as it comes */
    DRAINING,   /* the rest of the answer is passed on, no more comes */
    ANSWERING,  /* an answer of our own is sent */
    ENDED,
    EXCHANGE_STATES
};

#define METHOD_TEXT 32

struct exchange {
    struct gateway *gateway;
    uint64_t number; /* names it: the first is 1 */
    enum exchange_state state;
    enum retry_out out; /* seen from the client */

    /* The client's side, which front.c uses; the comments say what else does. */
    struct visitor *visitor;           /* NULL once libmicrohttpd is done with it */
    struct MHD_Connection *connection; /* the same */
    struct MHD_Response *response;     /* made, not handed over yet */
    int answer_status;
    bool is_suspended, has_head;
    bool answer_early; /* it is sent before the body has been read */
    bool client_gone;  /* nobody is there to be answered */
    bool is_completed;

    /* The request. */
    char method[METHOD_TEXT];
    char *target; /* as on the request line */
    struct buffer head;
    struct route route;
    struct sessionid id;
    bool is_body_read;
    struct body body;
    bool body_whole;
    char user[64]; /* whose key it came with; "": the owner's stand-in */
    int refused;   /* the status of our own refusal that waits for the body's end; 0: none */
    const char *refusal;

    /* Where it goes. */
    struct roster *roster; /* counted; NULL before the first choice */
    struct holder *holder; /* NULL before that */
    uint64_t visit;        /* the connection's number */
    struct slot slot;      /* the holder's, as it was when the key was taken */
    struct candidate *candidate;
    struct candidate **tried;
    size_t tried_count;
    bool is_master, no_master, master_is_news;
    bool may_spend;     /* the pool has been tried for every model: the master is next */
    bool awaits_secret; /* the candidate's */
    int64_t
        common_until;  /* clock_now_ms: for so long it waits for what others know; 0: it does not */
    bool object_known; /* others were asked about the object that it names */
    char model[SESSIONID_MODEL + 8];                 /* as rests name it; "" if none is asked for */
    bool has_sort, of_subscription, of_long_context; /* picker_keys.c */
    struct event failure;           /* logged once it is known what follows; EVENT_OTHER: none */
    struct finding failure_finding; /* what it borrows from */
    struct try *try;
    struct agent *agent; /* NULL: none runs */
    struct retry retry;
    unsigned attempts;
    int64_t begun, deadline; /* clock_now_ms */
    int64_t hold_until;      /* clock_now_ms: HOLDING until then, for a key that will be ready */
    int64_t hold_since;      /* clock_now_ms when it was held this time */
    int64_t queued_ms;       /* how long it was held before that */
    int64_t signed_at;       /* clock_now_ms of the last sign of life meanwhile */
    bool awaits_place;       /* what it is held for is that another request ends */
    bool is_open;            /* while it waits: a stream's head has been sent, and pings */
    struct pending pings;
    bool same_again;         /* HOLDING ends in another try with the same key */
    bool of_herd;            /* its key was found used up: others were sent away with it (ramp.h) */
    int64_t held_back_until; /* clock_now_ms; 0: it is not held back */
    struct kept_refusal kept;
    struct bridge bridge;

    /* What comes back. */
    struct eventstream stream;
    bool is_stream;
    struct tokens_reader tokens;
    bool is_cut;     /* the provider ended its answer too early */
    bool is_metered; /* its usage is recorded */
    struct pending pending;
    int64_t moved; /* when bytes of the answer last came */
    bool is_broken;

    /* An answer of our own that was waited for; status 0: it has not come. */
    struct buffer own_answer;
    int own_status;
    bool own_is_csv;
    struct page_stream *page_stream; /* NULL: it is none */

    struct timer timer;
    bool timer_came;
    bool is_ready;
    struct exchange *next_ready, *next, **link; /* of all exchanges that have not ended */
};

/* For the front: */

/* Takes `target` as it stood on the request line, copied. NULL if out of memory. */
struct exchange *exchange_create(struct gateway *gateway, struct visitor *visitor,
                                 const char *target);

/* Takes over the head; `clear` is false if it has lines that are not headers. */
void exchange_receive_head(struct exchange *exchange, const char *method, struct buffer *head,
                           bool clear);
void exchange_receive(struct exchange *exchange, const char *bytes, size_t length);
void exchange_receive_end(struct exchange *exchange);

/* The client closed its side. */
void exchange_lost_client(struct exchange *exchange);

/* libmicrohttpd has finished with it; `well`: all of the answer was sent. */
void exchange_completed(struct exchange *exchange, bool well);

void exchange_note_out(struct exchange *exchange, enum retry_out out);

/* Gives the bytes of the answer that have come; 0 if there are none: then exchange_end tells
 * whether more will come. */
size_t exchange_read(struct exchange *exchange, char *to, size_t most);
enum answer_end { ANSWER_GOES_ON, ANSWER_WHOLE, ANSWER_BROKEN };
enum answer_end exchange_end(const struct exchange *exchange);

/* A connection has ended, and with it its session, if its requests named none. */
void exchange_visitor_left(struct gateway *gateway, uint64_t number);

/* For the try: the answer's head comes before its bytes, perhaps in the same callback. */
void exchange_take_head(struct exchange *exchange, const char *head);
enum taken { TAKEN, NOT_YET, NO_MEMORY };
enum taken exchange_take(struct exchange *exchange, const char *bytes, size_t length);
void exchange_try_moved(struct exchange *exchange);

/* For the loop: lets every marked exchange act on what was recorded. Those whose answer has been
 * sent are the second's: nobody waits for them, so they come after the requests that somebody waits
 * for. */
void exchange_settle(struct gateway *gateway);
void exchange_settle_completed(struct gateway *gateway);

/* Ends all exchanges: nobody waits for an answer any more. */
void exchange_abandon_all(struct gateway *gateway);

/* True if the client is Claude Code, as far as it says so: the one program that reaches a gateway
 * by a socket without a stand-in, or one that names itself. */
bool exchange_is_claude(const struct exchange *exchange);

/* Marks it for the next exchange_settle. */
void exchange_mark(struct exchange *exchange);

const char *exchange_state_name(enum exchange_state state);
