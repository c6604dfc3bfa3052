#include "gateway/page_events.h"

#include "base/jsontext.h"
#include "base/money.h"
#include "core/gateway/forward.h"
#include "gateway/exchange.h"
#include "gateway/front.h"
#include "gateway/gateway.h"
#include "gateway/page.h"
#include "gateway/page_state.h"
#include "system/clock.h"
#include "system/usage/usagefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS      1000
#define KEEP_MS      15000
#define STUCK_MS     20000 /* of a reader that takes nothing */
#define PENDING_MOST ((size_t)1 << 20)
#define KERNEL_MOST  (64 << 10)
#define SESSION      8 /* characters of a session's id */

struct page_stream {
    struct exchange *exchange;
    bool owes_state; /* it has not been told how everything stands now */
    bool is_over;
    int64_t said, moved; /* clock_now_ms: when it was sent something, when it took something */
    struct page_stream *next;
};

static struct page_events *events_of(const struct gateway *gateway)
{
    return &gateway->page->events;
}

static void cut(struct page_stream *stream)
{
    front_cut(stream->exchange);
    exchange_lost_client(stream->exchange);
}

static void pass_on(struct page_stream *stream, const char *bytes, size_t length)
{
    struct pending *pending = &stream->exchange->pending;
    int64_t now = clock_now_ms();
    if (pending->length == 0)
        stream->moved = now;
    stream->said = now;
    if (pending->length + length > PENDING_MOST && pending->length > 0)
        cut(stream);
    else if (!pending_append(pending, bytes, length))
        cut(stream);
    else
        exchange_mark(stream->exchange);
}

/* ---- how everything stands ---- */

static bool look(struct gateway *gateway)
{
    struct page_events *events = events_of(gateway);
    struct buffer now = {0};
    page_state_append(gateway, &now);
    bool changed = !now.failed && strcmp(buffer_text(&now), buffer_text(&events->told)) != 0;
    if (changed) {
        buffer_finish(&events->told);
        events->told = now;
    } else {
        buffer_finish(&now);
    }
    return changed;
}

/* A reader that has not taken the last one yet gets the next when it has. */
static void tell_state(struct gateway *gateway)
{
    struct page_events *events = events_of(gateway);
    struct buffer event = {0};
    if (events->told.length == 0)
        return; /* out of memory: at the next tick */
    buffer_append_text(&event, "event: state\ndata: ");
    page_state_wrap(gateway, &events->told, &event);
    buffer_append_text(&event, "\n\n");
    for (struct page_stream *stream = events->streams; stream; stream = stream->next) {
        if (!stream->owes_state || stream->exchange->pending.length > PENDING_LOW || event.failed)
            continue;
        stream->owes_state = false;
        pass_on(stream, event.data, event.length);
    }
    buffer_finish(&event);
}

static void keep_alive(struct page_stream *stream, int64_t now)
{
    static const char keep[] = ": keep\n\n";
    int64_t stall = stream->exchange->gateway->stall_ms;
    int64_t longest = stall < STUCK_MS ? stall : STUCK_MS;
    if (stream->exchange->pending.length > 0 && now - stream->moved >= longest)
        cut(stream);
    else if (now - stream->said >= KEEP_MS)
        pass_on(stream, keep, sizeof keep - 1);
}

static bool anyone_owed(const struct page_events *events)
{
    for (const struct page_stream *stream = events->streams; stream; stream = stream->next)
        if (stream->owes_state)
            return true;
    return false;
}

static void tick(void *context)
{
    struct gateway *gateway = context;
    struct page_events *events = events_of(gateway);
    if (!events->streams)
        return;
    events->last = clock_now_ms();
    bool changed = look(gateway);
    for (struct page_stream *stream = events->streams; stream; stream = stream->next)
        stream->owes_state |= changed;
    if (anyone_owed(events))
        tell_state(gateway);
    for (struct page_stream *stream = events->streams; stream; stream = stream->next)
        keep_alive(stream, events->last);
    timer_set(&gateway->timers, &events->tick, events->last + TICK_MS);
}

void page_events_poke(struct gateway *gateway)
{
    struct page_events *events = gateway->page ? events_of(gateway) : NULL;
    if (events && events->streams)
        timer_set(&gateway->timers, &events->tick, events->last + TICK_MS);
}

/* ---- requests ---- */

static void append_row(struct buffer *text, const struct usage_row *row)
{
    char session[SESSION + 1];
    snprintf(session, sizeof session, "%.*s", SESSION, row->session);
    buffer_append_char(text, '{');
    jsontext_add_integer(text, "time", row->time / 1000);
    jsontext_add_string(text, "session", session);
    jsontext_add_string(text, "key", row->key);
    jsontext_add_string(text, "user", row->user);
    jsontext_add_string(text, "model", row->asked);
    jsontext_add_string(text, "served", row->served);
    jsontext_add_integer(text, "status", row->status);
    jsontext_add_integer(text, "attempts", row->tries);
    jsontext_add_integer(text, "ms", row->milliseconds);
    if (row->told) {
        jsontext_add_integer(text, "input_tokens", row->input);
        jsontext_add_integer(text, "output_tokens", row->output);
        jsontext_add_integer(text, "cache_read_tokens", row->cache_read);
        jsontext_add_integer(text, "cache_write_tokens", row->cache_write);
    }
    jsontext_name(text, "cost_usd");
    if (row->priced)
        money_append_number(text, row->cost);
    else
        buffer_append_text(text, "null");
    buffer_append_char(text, '}');
}

/* For who opens the page later. Takes the event over. */
static void remember(struct page_events *events, struct buffer *event)
{
    struct buffer *place = &events->past[events->past_count++ % PAGE_EVENTS_PAST];
    buffer_finish(place);
    *place = *event;
}

static void pass_on_past(const struct page_events *events, struct page_stream *stream)
{
    size_t from = events->past_count > PAGE_EVENTS_PAST ? events->past_count - PAGE_EVENTS_PAST : 0;
    for (size_t i = from; i < events->past_count; i++) {
        const struct buffer *event = &events->past[i % PAGE_EVENTS_PAST];
        pass_on(stream, event->data, event->length);
    }
}

void page_events_request(struct gateway *gateway, const struct usage_row *row)
{
    struct buffer event = {0};
    if (!gateway->page)
        return;
    struct page_events *events = events_of(gateway);
    buffer_append_text(&event, "event: request\ndata: ");
    append_row(&event, row);
    buffer_append_text(&event, "\n\n");
    if (event.failed) {
        buffer_finish(&event);
        return;
    }
    for (struct page_stream *stream = events->streams; stream; stream = stream->next)
        pass_on(stream, event.data, event.length);
    remember(events, &event);
}

void page_events_finish(struct gateway *gateway)
{
    struct page_events *events = events_of(gateway);
    timer_stop(&gateway->timers, &events->tick);
    buffer_finish(&events->told);
    for (size_t i = 0; i < PAGE_EVENTS_PAST; i++)
        buffer_finish(&events->past[i]);
}

/* ---- streams ---- */

void page_events_begin(struct exchange *exchange)
{
    struct gateway *gateway = exchange->gateway;
    struct page_events *events = events_of(gateway);
    if (events->count == PAGE_STREAMS_MOST) {
        page_refuse(exchange, 503, "16 pages are open already; close one");
        return;
    }
    struct page_stream *stream = calloc(1, sizeof *stream);
    if (!stream ||
        !front_set_answer(exchange, 200, PAGE_DATA_HEAD "content-type: text/event-stream\n",
                          FORWARD_LENGTH_UNKNOWN)) {
        free(stream);
        page_refuse(exchange, 503, "the gateway is out of memory");
        return;
    }
    *stream = (struct page_stream){
        .exchange = exchange, .owes_state = true, .moved = clock_now_ms(), .next = events->streams};
    front_bound(exchange, KERNEL_MOST);
    exchange->page_stream = stream;
    events->streams = stream;
    events->count++;
    events->tick.due = tick;
    events->tick.context = gateway;
    pass_on_past(events, stream);
    timer_stop(&gateway->timers, &exchange->timer);
    timer_set(&gateway->timers, &events->tick, clock_now_ms());
}

void page_events_leave(struct exchange *exchange)
{
    struct page_stream *stream = exchange->page_stream;
    if (!stream)
        return;
    struct page_events *events = events_of(exchange->gateway);
    struct page_stream **at = &events->streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    events->count--;
    exchange->page_stream = NULL;
    free(stream);
    if (events->streams)
        return;
    timer_stop(&exchange->gateway->timers, &events->tick);
    buffer_finish(&events->told);
}

void page_events_moved(struct exchange *exchange)
{
    if (exchange->page_stream)
        exchange->page_stream->moved = clock_now_ms();
}

bool page_events_any(const struct gateway *gateway)
{
    return gateway->page && events_of(gateway)->streams;
}

bool page_events_is_over(const struct exchange *exchange)
{
    return !exchange->page_stream || exchange->page_stream->is_over;
}

void page_events_end(struct gateway *gateway)
{
    if (!gateway->page)
        return;
    for (struct page_stream *stream = events_of(gateway)->streams; stream; stream = stream->next) {
        stream->is_over = true;
        exchange_mark(stream->exchange);
    }
}
