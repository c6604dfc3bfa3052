#include "base/head.h"
#include "core/evidence/answer.h"
#include "gateway/delivery.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/picker.h"
#include "gateway/refusal.h"
#include "gateway/try.h"
#include "system/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Headers give times as numbers. The machine's own zone is not looked up, because that would change
 * the environment while other threads read it. */
static int no_zone_to_civil(const char *zone, int64_t epoch, struct tm *ret_civil)
{
    time_t time = (time_t)epoch;
    return zone && *zone && strcmp(zone, "UTC") != 0 ? -EINVAL
           : gmtime_r(&time, ret_civil)              ? 0
                                                     : -EOVERFLOW;
}

static int no_zone_to_epoch(const char *zone, const struct tm *civil, int64_t *ret_epoch)
{
    struct tm copy = *civil;
    if (zone && *zone && strcmp(zone, "UTC") != 0)
        return -EINVAL;
    *ret_epoch = timegm(&copy);
    return 0;
}

static const struct zone_ops utc = {no_zone_to_civil, no_zone_to_epoch};

static void read_answer(const struct exchange *exchange, bool of_event, struct meaning *ret_meaning)
{
    const struct reading_time now = {time(NULL), &utc};
    const struct try *try = exchange->try;
    struct answer answer = {.status = try->status,
                            .headers = buffer_text(&try->head),
                            .body = exchange->pending.length > 0 ? pending_bytes(&exchange->pending)
                                                                 : "",
                            .body_length = exchange->pending.length,
                            .provider = bridge_provider(exchange)};
    if (of_event) {
        answer.body = buffer_text(&exchange->stream.error);
        answer.body_length = exchange->stream.error.length;
    }
    answer_read_request(&answer, &now, ret_meaning);
    finding_name_model(&ret_meaning->finding, exchange->model);
}

static void remember_failure(struct exchange *exchange, const struct finding *finding)
{
    picker_failed(exchange, finding);
    if (finding->class == CLASS_LIMIT)
        delivery_remember_refusal(exchange, finding);
}

static enum exchange_state ask_again(struct exchange *exchange, enum exchange_state state)
{
    try_destroy(exchange->try);
    exchange->try = NULL;
    pending_finish(&exchange->pending);
    exchange->timer_came = false;
    return state;
}

/* Thinking from another key or model is refused here, and is not needed. A model may also refuse
 * some other fields. */
static bool sends_less(struct exchange *exchange)
{
    const struct pending *pending = &exchange->pending;
    int status = exchange->try->status;
    if (exchange->out != NOTHING_OUT || !exchange->try->has_ended || pending->length == 0)
        return false;
    const char *bytes = pending_bytes(pending);
    return bridge_drops_thinking(exchange, status, bytes, pending->length) ||
           bridge_leaves_out(exchange, status, bytes, pending->length);
}

/* No key of its sort is left for this model, but others, another model or the master may be asked.
 */
static bool is_last(const struct exchange *exchange, const struct retry_facts *facts,
                    const struct retry_decision *decision)
{
    bool last =
        decision->move == RETRY_PASS || (decision->move == RETRY_MASTER && !exchange->may_spend);
    return last && facts->out == NOTHING_OUT && facts->left_ms > 0 && !facts->bound &&
           policy_rotates(&exchange->roster->policy, facts->class);
}

/* A count of tokens is a request of another sort, with limits of its own. */
static bool counts(const struct exchange *exchange)
{
    return exchange->route.id != ROUTE_COUNT_TOKENS;
}

static struct retry_facts facts_of(struct exchange *exchange, enum retry_event event,
                                   const struct meaning *meaning)
{
    struct picker_left left = picker_count_left(exchange, meaning->finding.class);
    return (struct retry_facts){
        .event = event,
        .class = meaning->finding.class,
        .bare = meaning->finding.class == CLASS_THROTTLED && !meaning->rests,
        .retry_after_ms = meaning->retry_after >= 0 ? meaning->retry_after * 1000 : -1,
        .should_not_retry = meaning->should_not_retry,
        .out = exchange->out,
        .repeatable = exchange->route.repeatable,
        .bound = left.bound,
        .left_ms = exchange->deadline - clock_now_ms(),
        .keys_left = left.keys,
        .master_left = left.master,
        .dice = (unsigned)exchange->number * 2654435761u,
    };
}

/* It is sent again: with the same key after a pause, or with the next. */
static enum exchange_state send_again(struct exchange *exchange, const struct meaning *meaning,
                                      const struct retry_decision *decision)
{
    delivery_keep_refusal(exchange, &meaning->finding);
    if (decision->move == RETRY_SAME) {
        enum exchange_state state = ask_again(exchange, HOLDING);
        exchange->same_again = true;
        timer_set(&exchange->gateway->timers, &exchange->timer,
                  clock_now_ms() + decision->pause_ms);
        return state;
    }
    exchange->of_herd = meaning->rests && meaning->finding.class == CLASS_LIMIT;
    if (!picker_pass_over(exchange, &meaning->finding))
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    return ask_again(exchange, CHOOSING);
}

/* No key is left for it. It waits until one is ready, or gets what was answered. */
static enum exchange_state give_up(struct exchange *exchange, enum retry_event event,
                                   const struct meaning *meaning)
{
    bool holds = meaning->rests && exchange->out == NOTHING_OUT && picker_hold(exchange);
    picker_tell_end(exchange, false);
    if (!holds)
        return delivery_pass_on(exchange, event, &meaning->finding);
    delivery_drop_refusal(exchange);
    return ask_again(exchange, HOLDING);
}

/* Decides what happened to the try. What that says about the key is recorded before another key is
 * chosen. */
static enum exchange_state decide(struct exchange *exchange, enum retry_event event,
                                  const struct meaning *meaning)
{
    bool answered = event == RETRY_ANSWERED;
    if (answered && meaning->finding.class == CLASS_NONE)
        return sends_less(exchange) ? ask_again(exchange, ASKING)
                                    : delivery_pass_on(exchange, event, &meaning->finding);
    if (answered && meaning->finding.class == CLASS_AUTH && exchange->out == NOTHING_OUT &&
        picker_renew(exchange))
        return ask_again(exchange, CHOOSING);
    if (answered && meaning->rests && counts(exchange))
        remember_failure(exchange, &meaning->finding);
    const struct retry_facts facts = facts_of(exchange, event, meaning);
    struct retry_decision decision = retry_decide(&exchange->retry, &facts);
    if (meaning->rests && counts(exchange) && is_last(exchange, &facts, &decision) &&
        picker_finds_another_way(exchange)) {
        delivery_keep_refusal(exchange, &meaning->finding);
        exchange->retry = (struct retry){0};
        return ask_again(exchange, CHOOSING);
    }
    return decision.move == RETRY_PASS ? give_up(exchange, event, meaning)
                                       : send_again(exchange, meaning, &decision);
}

static enum exchange_state decide_failed(struct exchange *exchange)
{
    const struct try *try = exchange->try;
    struct meaning meaning = {.finding = {.class = CLASS_NETWORK}, .retry_after = -1};
    snprintf(meaning.finding.line, sizeof meaning.finding.line, "%.*s", FINDING_TEXT - 1,
             try->error);
    enum retry_event event = RETRY_LOST;
    if (!try->has_ended)
        event = RETRY_SILENT;
    else if (try->fault == TRY_UNREACHABLE)
        event = RETRY_UNREACHABLE;
    return decide(exchange, event, &meaning);
}

static enum exchange_state decide_answered(struct exchange *exchange, bool of_event)
{
    struct meaning meaning;
    read_answer(exchange, of_event, &meaning);
    return decide(exchange, RETRY_ANSWERED, &meaning);
}

static enum exchange_state judge_stream(struct exchange *exchange)
{
    struct try *try = exchange->try;
    if (try->has_ended)
        (void)eventstream_end(&exchange->stream);
    unsigned seen = exchange->stream.seen;
    bool has_end = exchange->stream.format != EVENTSTREAM_OTHER;
    if (try->has_ended && (try->fault != TRY_FINE || has_end) &&
        !(seen & (STREAM_STOP | STREAM_ERROR)))
        return decide_failed(exchange); /* broken off, and nothing of it has gone out */
    if (seen & (STREAM_OUTPUT | STREAM_STOP))
        return delivery_begin(exchange);
    if (seen & STREAM_ERROR)
        return decide_answered(exchange, true);
    if (try->is_paused)
        return delivery_begin(exchange);
    return try->has_ended || exchange->timer_came ? decide_failed(exchange) : JUDGING;
}

/* A whole JSON answer is not passed on in parts: until its end it can be asked for again. */
static enum exchange_state judge_success(struct exchange *exchange)
{
    struct try *try = exchange->try;
    char type[128];
    if (exchange->is_stream)
        return judge_stream(exchange);
    (void)head_value(buffer_text(&try->head), "content-type", type, sizeof type);
    if (strncmp(type, "application/json", strlen("application/json")) != 0 || try->is_paused)
        return delivery_begin(exchange);
    if (exchange->timer_came || (try->has_ended && try->fault != TRY_FINE))
        return decide_failed(exchange);
    return try->has_ended ? decide_answered(exchange, false) : JUDGING;
}

enum exchange_state exchange_judge(struct exchange *exchange)
{
    struct try *try = exchange->try;
    if (!try->has_head)
        return decide_failed(exchange);
    if (try->status < 400)
        return judge_success(exchange);
    if (try->has_ended || try->is_paused || exchange->timer_came)
        return decide_answered(exchange, false);
    return JUDGING;
}
