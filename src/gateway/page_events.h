/* Streams of events for browsers that have the page open: how everything stands, once a second at
 * most and only if something changed, and each request when it is over. */
#pragma once

#include "base/buffer.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct gateway;
struct page_stream;
struct usage_row;

#define PAGE_STREAMS_MOST 16
#define PAGE_EVENTS_PAST  50

struct page_events {
    struct page_stream *streams;
    unsigned count;
    struct timer tick;
    struct buffer told;                   /* what was told last, as page_state_append has it */
    int64_t last;                         /* clock_now_ms when that was */
    struct buffer past[PAGE_EVENTS_PAST]; /* the last requests, as events: a ring */
    size_t past_count;                    /* so far */
};

/* Frees what it holds, at the end. */
void page_events_finish(struct gateway *gateway);

/* Makes the exchange a stream: WATCHING, with its answer set; or refuses it. */
void page_events_begin(struct exchange *exchange);

/* The exchange's stream is no more; takes an exchange without one. */
void page_events_leave(struct exchange *exchange);

/* The reader has taken bytes. */
void page_events_moved(struct exchange *exchange);

/* A request is over: told, and kept for those who open the page later. */
void page_events_request(struct gateway *gateway, const struct usage_row *row);

/* Something has changed: told now, or when a second is over. */
void page_events_poke(struct gateway *gateway);

/* Whether anybody watches. */
bool page_events_any(const struct gateway *gateway);

/* The gateway ends, and with it all streams. */
void page_events_end(struct gateway *gateway);

/* True if no more comes for it. */
bool page_events_is_over(const struct exchange *exchange);
