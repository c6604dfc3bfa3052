#include "core/gateway/forward.h"
#include "gateway/agent.h"
#include "gateway/delivery.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/guests.h"
#include "gateway/metering.h"
#include "gateway/page.h"
#include "gateway/picker.h"
#include "gateway/refusal.h"
#include "gateway/try.h"
#include "system/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_timer(struct exchange *exchange, int64_t at)
{
    exchange->timer_came = false;
    timer_set(&exchange->gateway->timers, &exchange->timer, at);
}

static void drop_try(struct exchange *exchange)
{
    try_destroy(exchange->try);
    exchange->try = NULL;
}

/* All exchanges end here: the client left, an answer was sent, or we sent our own. libmicrohttpd
 * may still have to be told; `completed` comes last. */
static enum exchange_state leave(struct exchange *exchange)
{
    timer_stop(&exchange->gateway->timers, &exchange->timer);
    metering_record(exchange);
    drop_try(exchange);
    agent_leave(exchange);
    page_events_leave(exchange);
    picker_tell_end(exchange, true);
    picker_give_back(exchange);
    body_finish(&exchange->body);
    pending_finish(&exchange->pending);
    pending_finish(&exchange->pings);
    exchange->state = ENDED; /* reported when the reader asks once more */
    front_resume(exchange);
    return ENDED;
}

static enum exchange_state refuse(struct exchange *exchange, int status, const char *sentence,
                                  const char *head)
{
    drop_try(exchange);
    body_finish(&exchange->body);
    pending_finish(&exchange->pending);
    if (exchange->is_open)
        return delivery_refuse_open(exchange, status, sentence);
    if (!refusal_set(exchange, status, sentence, head)) {
        exchange->client_gone =
            true; /* there is no memory for an answer: the connection is closed */
        return leave(exchange);
    }
    front_resume(exchange);
    return ANSWERING;
}

enum exchange_state exchange_refuse(struct exchange *exchange, int status, const char *sentence,
                                    int64_t retry_after)
{
    char head[64] = "";
    if (retry_after > 0)
        snprintf(head, sizeof head, "retry-after: %lld\n", (long long)retry_after);
    return refuse(exchange, status, sentence, head);
}

/* In the provider's words about a subscription: so the client shows which limit it is, and until
 * when. */
enum exchange_state exchange_refuse_used_up(struct exchange *exchange, const struct picker_why *why)
{
    static const char limits[] = "anthropic-ratelimit-unified-";
    struct buffer head = {0};
    if (why->retry_after > 0)
        buffer_append_format(&head, "retry-after: %lld\n", (long long)why->retry_after);
    if (why->class == CLASS_LIMIT && exchange->route.provider != PROVIDER_OPENAI) {
        bool weekly = strncmp(why->what, "weekly", strlen("weekly")) == 0;
        buffer_append_format(&head, "%sstatus: rejected\n%sreset: %lld\n", limits, limits,
                             (long long)why->until);
        buffer_append_format(&head, "%srepresentative-claim: %s\n", limits,
                             weekly ? "seven_day" : "five_hour");
    }
    enum exchange_state state = refuse(exchange, why->status, why->sentence, buffer_text(&head));
    buffer_finish(&head);
    return state;
}

static enum exchange_state receive(struct exchange *exchange)
{
    if (exchange->body_whole)
        return CHOOSING;
    if (exchange->timer_came)
        exchange->client_gone = true; /* the body comes too slowly */
    return RECEIVING;
}

/* If the head names the session and no id in the body matters, megabytes of body need not be
 * scanned. */
static void read_body(struct exchange *exchange)
{
    const struct gateway *gateway = exchange->gateway;
    unsigned wanted = SESSIONID_WANT_SESSION | SESSIONID_WANT_MODEL;
    if (exchange->is_body_read)
        return;
    exchange->is_body_read = true;
    if (gateway->hold_ms > 0)
        wanted |= SESSIONID_WANT_STREAM;
    if (gateway->holders.has_objects)
        wanted |= SESSIONID_WANT_OBJECT;
    if (exchange->body.length > 0)
        sessionid_read_body(exchange->body.bytes, exchange->body.length, wanted, &exchange->id);
}

static enum exchange_state choose(struct exchange *exchange)
{
    if (exchange->route.id == ROUTE_AGENT)
        return agent_begin(exchange);
    read_body(exchange);
    if (*exchange->user && !exchange->roster) {
        const struct guest_refusal refusal = guests_judge(exchange);
        if (refusal.status)
            return exchange_refuse(exchange, refusal.status, refusal.sentence, refusal.retry_after);
    }
    switch (picker_choose(exchange)) {
    case PICKER_CHOSE:
        return ASKING;
    case PICKER_WAITS:
        return CHOOSING;
    case PICKER_HOLDS:
        return HOLDING;
    case PICKER_UNKNOWN:
        return exchange_refuse(exchange, 400,
                               "the key that the request asks for (X-Tcr-Key) is not in the pool, "
                               "or not one that it may use",
                               0);
    case PICKER_NONE:
        return delivery_without_key(exchange);
    case PICKER_NO_MEMORY:
        break;
    }
    return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
}

static enum exchange_state end_hold(struct exchange *exchange, int64_t now)
{
    exchange->queued_ms += now - exchange->hold_since;
    exchange->deadline += exchange->is_open ? now - exchange->hold_since : 0;
    exchange->awaits_place = false;
    return CHOOSING;
}

static enum exchange_state hold(struct exchange *exchange)
{
    int64_t now = clock_now_ms();
    if (!exchange->timer_came)
        return HOLDING;
    if (exchange->same_again)
        return ASKING;
    if (now >= exchange->hold_until)
        return end_hold(exchange, now);
    if (picker_next_sign(exchange) <= now) {
        if (!delivery_ping(exchange))
            return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
        exchange->signed_at = now;
    }
    int64_t sign = picker_next_sign(exchange);
    set_timer(exchange, sign < exchange->hold_until ? sign : exchange->hold_until);
    return HOLDING;
}

static enum exchange_state consult(struct exchange *exchange)
{
    char head[1024];
    snprintf(head, sizeof head, "%scontent-type: %s\n",
             exchange->route.id == ROUTE_PAGE ? PAGE_DATA_HEAD : "",
             exchange->own_is_csv ? "text/csv; charset=utf-8" : "application/json");
    if (exchange->timer_came)
        return exchange_refuse(exchange, 503, "what was asked for was not there in time", 5);
    if (exchange->own_status == 0)
        return CONSULTING;
    if (exchange->own_status > 299)
        return exchange_refuse(exchange, exchange->own_status, buffer_text(&exchange->own_answer),
                               0);
    if (!front_set_whole_answer(exchange, exchange->own_status, head,
                                buffer_text(&exchange->own_answer), exchange->own_answer.length))
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    front_resume(exchange);
    return ANSWERING;
}

/* The request cannot be sent at all, neither to this key nor to another. */
static enum exchange_state refuse_try(struct exchange *exchange, int error)
{
    char sentence[TRANSLATION_TEXT];
    if (error == -ENOMEM)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    snprintf(sentence, sizeof sentence, "%s",
             error < 0 ? exchange->bridge.translation->fault.text
                       : "the request's target is not a path");
    return exchange_refuse(exchange, 400, sentence, 0);
}

/* Not the master: requests do not use it up. */
static bool is_held_back(struct exchange *exchange)
{
    int64_t now = clock_now_ms();
    if (!exchange->of_herd || exchange->is_master || ramp_admits(picker_ramp(exchange), now))
        return false;
    if (exchange->held_back_until == 0)
        exchange->held_back_until = now + RAMP_LONGEST_MS;
    return now < exchange->held_back_until && now < exchange->deadline;
}

/* Checked before it is sent, repeatedly until it may be. What the first of many waiting requests
 * has learned about the key meanwhile counts. */
static enum exchange_state hold_back(struct exchange *exchange)
{
    exchange->same_again = true;
    set_timer(exchange, clock_now_ms() + RAMP_AGAIN_MS);
    return HOLDING;
}

static bool is_used_up_meanwhile(const struct exchange *exchange)
{
    return exchange->held_back_until > 0 &&
           book_rests(exchange->gateway, exchange->candidate, exchange->model);
}

static enum exchange_state start_try(struct exchange *exchange)
{
    if (is_used_up_meanwhile(exchange)) {
        exchange->same_again = false;
        exchange->held_back_until = 0;
        return CHOOSING;
    }
    if (is_held_back(exchange))
        return hold_back(exchange);
    exchange->of_herd = false;
    exchange->held_back_until = 0;
    const struct key *key = exchange->candidate->key;
    const struct forward_key sent = {key->kind.id == KIND_CONFIG_DIR ? KIND_OAUTH : key->kind.id,
                                     key->token};
    struct buffer url = {0}, lines = {0}, target = {0}, head = {0};
    if (!key->token) /* another request has found meanwhile that the secret is out of date */
        return CHOOSING;
    int r = bridge_prepare(exchange, key, &target, &head);
    bool fits = r == 0 && forward_url(roster_base(key), buffer_text(&target), &url) == 0;
    if (fits)
        forward_request(buffer_text(&head), &sent, &lines);
    buffer_finish(&target);
    buffer_finish_wiping(&head);
    if (!fits) {
        buffer_finish(&url);
        return refuse_try(exchange, r);
    }
    exchange->attempts++;
    exchange->same_again = false;
    exchange->moved = clock_now_ms();
    struct try_plan plan = {.exchange = exchange,
                            .method = exchange->method,
                            .url = buffer_text(&url),
                            .lines = &lines,
                            .body = exchange->body.bytes,
                            .body_length = exchange->body.length};
    if (exchange->bridge.body.length > 0) {
        plan.body = exchange->bridge.body.data;
        plan.body_length = exchange->bridge.body.length;
    }
    exchange->try = try_create(&exchange->gateway->upstream, &plan);
    buffer_finish(&url);
    if (!exchange->try)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    set_timer(exchange, exchange->deadline);
    return ASKING;
}

static enum exchange_state ask(struct exchange *exchange)
{
    struct try *try = exchange->try;
    if (!try)
        return start_try(exchange);
    if (exchange->timer_came || (try->has_ended && !try->has_head))
        return exchange_judge(exchange);
    return try->has_head ? JUDGING : ASKING;
}

/* The body is needed for another try until the answer has begun, and by libcurl until it has been
 * sent. */
static void release_body(struct exchange *exchange)
{
    if (!exchange->try || !exchange->try->is_running || try_has_sent(exchange->try))
        body_finish(&exchange->body);
}

static enum exchange_state end_stream(struct exchange *exchange)
{
    delivery_end_stream(exchange);
    drop_try(exchange);
    body_finish(&exchange->body);
    timer_stop(&exchange->gateway->timers, &exchange->timer);
    exchange->state = DRAINING;
    front_resume(exchange);
    return DRAINING;
}

static enum exchange_state stream(struct exchange *exchange)
{
    struct try *try = exchange->try;
    if (!try || try->has_ended)
        return end_stream(exchange);
    if (exchange->timer_came) {
        int64_t end = exchange->moved + exchange->gateway->stall_ms;
        if (!try->is_paused && clock_now_ms() >= end)
            return end_stream(exchange);
        set_timer(exchange, try->is_paused ? clock_now_ms() + exchange->gateway->stall_ms : end);
    }
    if (exchange->out > NOTHING_OUT)
        release_body(exchange);
    if (try->is_paused && exchange->pending.length < PENDING_LOW)
        try_resume(try);
    if (exchange->pending.length > 0)
        front_resume(exchange);
    return STREAMING;
}

static enum exchange_state watch(struct exchange *exchange)
{
    bool is_over = page_events_is_over(exchange);
    exchange->state = is_over ? DRAINING : WATCHING;
    if (is_over || exchange->pending.length > 0)
        front_resume(exchange);
    return exchange->state;
}

static enum exchange_state drain(struct exchange *exchange)
{
    return exchange->is_completed ? leave(exchange) : DRAINING;
}

static enum exchange_state answer(struct exchange *exchange)
{
    return exchange->is_completed ? leave(exchange) : ANSWERING;
}

static enum exchange_state rest(struct exchange *exchange)
{
    (void)exchange;
    return ENDED;
}

static const struct {
    const char *name;
    enum exchange_state (*step)(struct exchange *exchange);
} states[EXCHANGE_STATES] = {
    [RECEIVING] = {"receiving", receive}, [CHOOSING] = {"choosing", choose},
    [HOLDING] = {"holding", hold},        [CONSULTING] = {"consulting", consult},
    [ASKING] = {"asking", ask},           [JUDGING] = {"judging", exchange_judge},
    [WORKING] = {"working", agent_step},  [WATCHING] = {"watching", watch},
    [STREAMING] = {"streaming", stream},  [DRAINING] = {"draining", drain},
    [ANSWERING] = {"answering", answer},  [ENDED] = {"ended", rest},
};

const char *exchange_state_name(enum exchange_state state)
{
    return states[state].name;
}

void exchange_step(struct exchange *exchange)
{
    enum exchange_state before;
    do {
        if ((exchange->client_gone || exchange->is_completed) && exchange->state != ENDED)
            exchange->state = leave(exchange);
        before = exchange->state;
        exchange->state = states[before].step(exchange);
        if (exchange->state == STREAMING && before != STREAMING) {
            set_timer(exchange, clock_now_ms() + exchange->gateway->stall_ms);
            if (exchange->try && exchange->try->status < 400)
                ramp_note_answer(picker_ramp(exchange));
        }
    } while (exchange->state != before);
}
