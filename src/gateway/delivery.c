#include "gateway/delivery_parts.h"

#include "base/head.h"
#include "core/gateway/forward.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/picker.h"
#include "gateway/refusal.h"
#include "gateway/try.h"

#include <stdio.h>
#include <string.h>

/* In whole seconds, rounded up. */
void delivery_append_queued(int64_t queued_ms, struct buffer *head)
{
    if (queued_ms > 0)
        buffer_append_format(head, "x-tcr-queued: %lld\n", (long long)((queued_ms + 999) / 1000));
}

void delivery_append_own(const struct exchange *exchange, const char *key, struct buffer *head)
{
    (void)head_append(head, "x-tcr-key", key);
    buffer_append_format(head, "x-tcr-attempts: %u\n", exchange->attempts);
    delivery_append_queued(exchange->queued_ms, head);
    if (*exchange->bridge.model)
        (void)head_append(head, "x-tcr-model", exchange->bridge.model);
}

static bool has_no_body(const struct exchange *exchange, int status)
{
    return status == 204 || status == 304 || strcmp(exchange->method, "HEAD") == 0;
}

/* The head and the body are sent in one piece. */
static bool set_whole(struct exchange *exchange, const char *head)
{
    struct pending *pending = &exchange->pending;
    const char *bytes = pending->length > 0 ? pending_bytes(pending) : "";
    char made[SESSIONID_TEXT];
    if (exchange->route.creates && sessionid_read_made(bytes, pending->length, made))
        picker_bind(exchange, made);
    bool fine =
        front_set_whole_answer(exchange, exchange->try->status, head, bytes, pending->length);
    pending_finish(pending);
    return fine;
}

/* The head of a stream that still waits: it says how long that will take. */
static bool open_stream(struct exchange *exchange)
{
    struct buffer head = {0};
    buffer_append_text(&head, "content-type: text/event-stream\ncache-control: no-cache\n");
    delivery_append_queued(exchange->queued_ms + exchange->hold_until - exchange->hold_since,
                           &head);
    bool fine =
        !head.failed && front_set_answer(exchange, 200, buffer_text(&head), FORWARD_LENGTH_UNKNOWN);
    buffer_finish(&head);
    return fine;
}

bool delivery_ping(struct exchange *exchange)
{
    static const char anthropic[] = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    static const char comment[] = ": ping\n\n";
    const char *ping = exchange->route.provider == PROVIDER_OPENAI ? comment : anthropic;
    if (!exchange->is_open && !open_stream(exchange))
        return false;
    exchange->is_open = true;
    if (!pending_append(&exchange->pings, ping, strlen(ping)))
        return false;
    front_resume(exchange);
    return true;
}

static bool append_error_event(struct exchange *exchange, int status, const char *sentence)
{
    struct buffer event = {0};
    bool responses = exchange->route.stream == EVENTSTREAM_RESPONSES;
    if (exchange->route.provider != PROVIDER_OPENAI || responses)
        buffer_append_text(&event, "event: error\n");
    buffer_append_text(&event, "data: ");
    if (responses)
        refusal_append_event(&event, status, sentence);
    else
        refusal_append_body(&event, exchange->route.provider, status, sentence);
    buffer_append_text(&event, "\n\n");
    bool fine = !event.failed && pending_append(&exchange->pending, event.data, event.length);
    buffer_finish(&event);
    return fine;
}

enum exchange_state delivery_refuse_open(struct exchange *exchange, int status,
                                         const char *sentence)
{
    pending_finish(&exchange->pending);
    exchange->is_broken = !append_error_event(exchange, status, sentence);
    timer_stop(&exchange->gateway->timers, &exchange->timer);
    exchange->state = DRAINING;
    front_resume(exchange);
    return DRAINING;
}

/* The head has been sent. A stream's events follow the pings, and anything else is sent as an
 * error. */
static enum exchange_state go_on_open(struct exchange *exchange)
{
    const struct try *try = exchange->try;
    char sentence[160];
    if (try->status == 200 && exchange->is_stream) {
        if (!bridge_begin(exchange))
            return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
        news_served(&exchange->gateway->news, exchange->candidate->key->name);
        front_resume(exchange);
        return STREAMING;
    }
    snprintf(sentence, sizeof sentence, "the provider refused the request with status %d",
             try->status);
    return exchange_refuse(exchange, try->status < 400 ? 502 : try->status, sentence, 0);
}

/* A refusal's sentence in the client's format, and the status that goes with it. */
static enum exchange_state refuse_translated(struct exchange *exchange)
{
    const struct try *try = exchange->try;
    const struct pending *pending = &exchange->pending;
    struct buffer head = {0}, body = {0};
    int status =
        bridge_fault(exchange, try->status, pending->length > 0 ? pending_bytes(pending) : "",
                     pending->length, &body);
    exchange->is_stream = false;
    bridge_head(exchange, buffer_text(&try->head), &head);
    delivery_append_own(exchange, exchange->candidate->key->name, &head);
    bool fine = !head.failed && !body.failed &&
                front_set_whole_answer(exchange, status, buffer_text(&head), buffer_text(&body),
                                       body.length);
    buffer_finish(&head);
    buffer_finish(&body);
    if (!fine)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    news_refused(&exchange->gateway->news);
    body_finish(&exchange->body);
    pending_finish(&exchange->pending);
    try_destroy(exchange->try);
    exchange->try = NULL;
    front_resume(exchange);
    return ANSWERING;
}

static enum exchange_state begin_translated(struct exchange *exchange)
{
    const struct try *try = exchange->try;
    struct buffer head = {0};
    if (try->status >= 400)
        return refuse_translated(exchange);
    bool whole = !exchange->is_stream && try->has_ended;
    bool fine = bridge_begin(exchange) && (!whole || bridge_end(exchange));
    bridge_head(exchange, buffer_text(&try->head), &head);
    delivery_append_own(exchange, exchange->candidate->key->name, &head);
    int status = !whole || bridge_ended_well(exchange) ? 200 : 502;
    struct pending *pending = &exchange->pending;
    fine = fine && !head.failed &&
           (whole ? front_set_whole_answer(exchange, status, buffer_text(&head),
                                           pending->length > 0 ? pending_bytes(pending) : "",
                                           pending->length)
                  : front_set_answer(exchange, status, buffer_text(&head), FORWARD_LENGTH_UNKNOWN));
    buffer_finish(&head);
    if (whole)
        pending_finish(pending);
    if (!fine)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    news_served(&exchange->gateway->news, exchange->candidate->key->name);
    front_resume(exchange);
    return STREAMING;
}

enum exchange_state delivery_begin(struct exchange *exchange)
{
    const struct try *try = exchange->try;
    if (exchange->is_open)
        return go_on_open(exchange);
    if (exchange->bridge.translates)
        return begin_translated(exchange);
    struct buffer head = {0};
    int64_t length = FORWARD_LENGTH_UNKNOWN;
    forward_answer(buffer_text(&try->head), &head, &length);
    delivery_append_own(exchange, exchange->candidate->key->name, &head);
    if (has_no_body(exchange, try->status) && length == FORWARD_LENGTH_UNKNOWN)
        length = 0;
    bool whole = !exchange->is_stream && try->has_ended && try->fault == TRY_FINE &&
                 !has_no_body(exchange, try->status);
    bool listed = !whole || try->status != 200 || bridge_list(exchange);
    bool fine = listed && !head.failed &&
                (whole ? set_whole(exchange, buffer_text(&head))
                       : front_set_answer(exchange, try->status, buffer_text(&head), length));
    buffer_finish(&head);
    if (!fine)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    if (try->status < 400)
        news_served(&exchange->gateway->news, exchange->candidate->key->name);
    else
        news_refused(&exchange->gateway->news);
    front_resume(exchange);
    return STREAMING;
}

/* Claude Code asks again by itself when a connection breaks. Other programs are told why. */
static void tell_broken(struct exchange *exchange)
{
    exchange->is_broken =
        !append_error_event(exchange, 502, "the provider ended the stream before it was whole");
}

void delivery_end_stream(struct exchange *exchange)
{
    struct try *try = exchange->try;
    if (exchange->bridge.reply) {
        exchange->is_broken = !bridge_end(exchange);
        exchange->is_cut = !bridge_ended_well(exchange);
        if (!exchange->is_cut)
            picker_succeeded(exchange);
        return;
    }
    bool whole = try && try->has_ended && try->fault == TRY_FINE;
    if (exchange->is_stream && whole) {
        (void)eventstream_end(&exchange->stream);
        bool has_end = exchange->stream.format != EVENTSTREAM_OTHER;
        whole =
            !has_end || exchange->stream.seen & (STREAM_STOP | STREAM_ERROR) || try->status >= 400;
    }
    exchange->is_broken = exchange->is_cut = !whole;
    if (whole && try->status < 400 &&
        !(exchange->is_stream && exchange->stream.seen & STREAM_ERROR))
        picker_succeeded(exchange);
    if (exchange->is_broken && exchange->is_stream && !exchange_is_claude(exchange))
        tell_broken(exchange);
}
