#include "core/gateway/retry.h"
#include "gateway/gateway.h"
#include "gateway/picker_parts.h"
#include "system/clock.h"

/* How long it takes to see a place that others free, in a run or on another machine. */
#define LOOK_MS 500

int64_t picker_next_sign(const struct exchange *exchange)
{
    if (exchange->same_again || !exchange->id.stream)
        return INT64_MAX;
    return exchange->is_open ? exchange->signed_at + PICKER_PING_MS
                             : exchange->begun + exchange->gateway->silence_ms;
}

/* A stream is kept alive meanwhile; any other request is given up by its client in the end. */
static int64_t time_left(const struct exchange *exchange, int64_t now)
{
    return exchange->id.stream ? INT64_MAX : exchange->deadline - now;
}

static void hold_for(struct exchange *exchange, int64_t now, int64_t wait)
{
    exchange->same_again = exchange->timer_came = false;
    exchange->hold_until = now + wait;
    exchange->hold_since = now;
    int64_t sign = picker_next_sign(exchange);
    timer_set(&exchange->gateway->timers, &exchange->timer,
              sign < exchange->hold_until ? sign : exchange->hold_until);
}

static bool waits_for_reset(struct exchange *exchange)
{
    struct gateway *gateway = exchange->gateway;
    int64_t now = clock_now_ms();
    int64_t wait = retry_hold(rotation_earliest(&exchange->roster->rotation),
                              book_now(gateway) * 1000, gateway->hold_ms, time_left(exchange, now));
    if (wait < 0)
        return false;
    exchange->tried_count = 0;
    exchange->retry = (struct retry){0};
    hold_for(exchange, now, wait + 200);
    return true;
}

bool picker_wait_for_place(struct exchange *exchange)
{
    int64_t now = clock_now_ms(), left = exchange->gateway->hold_ms - exchange->queued_ms;
    if (left > time_left(exchange, now))
        left = time_left(exchange, now);
    if (left <= 0)
        return false;
    hold_for(exchange, now, left < LOOK_MS ? left : LOOK_MS);
    exchange->awaits_place = true;
    return true;
}

/* It waits for a key for the model that was asked for. */
static bool survey_first_model(struct exchange *exchange)
{
    bridge_first_model(exchange);
    picker_find_sort(exchange);
    exchange->may_spend = false;
    struct demand demand = picker_demand(exchange);
    return book_survey(exchange->gateway, exchange->roster, &demand);
}

bool picker_hold(struct exchange *exchange)
{
    const struct rotation *rotation = &exchange->roster->rotation;
    if (exchange->gateway->hold_ms <= 0 || !survey_first_model(exchange) ||
        rotation_ready(rotation) > 0)
        return false;
    return rotation_busy(rotation) > 0 ? picker_wait_for_place(exchange)
                                       : waits_for_reset(exchange);
}

/* The list has the newest first, and what is marked last comes first: the oldest. */
void picker_wake(struct gateway *gateway)
{
    for (struct exchange *exchange = gateway->all; exchange; exchange = exchange->next) {
        if (exchange->state != HOLDING || !exchange->awaits_place)
            continue;
        exchange->hold_until = clock_now_ms();
        exchange->timer_came = true;
        exchange_mark(exchange);
    }
}
