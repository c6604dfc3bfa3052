#include "gateway/picker.h"

#include "base/duration.h"
#include "gateway/gateway.h"
#include "system/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool can_use(const struct kind *kind, const void *context)
{
    const struct exchange *exchange = context;
    if (exchange->route.provider == PROVIDER_OPENAI)
        return kind->id == KIND_OPENAI;
    return kind_is_anthropic(kind);
}

static struct demand demand_of(const struct exchange *exchange)
{
    return (struct demand){.model = *exchange->id.model ? exchange->id.model : NULL,
                           .pinned = *exchange->id.key ? exchange->id.key : NULL,
                           .pinned_may_rest = true,
                           .can_use = can_use,
                           .can_use_context = exchange};
}

/* The rotation as this request sees it. */
static bool survey(const struct exchange *exchange)
{
    struct rotation *rotation = &exchange->roster->rotation;
    struct demand demand = demand_of(exchange);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        struct candidate *candidate = &rotation->candidates[i];
        candidate->tried = !candidate->key->token;
        for (size_t t = 0; t < exchange->tried_count; t++)
            candidate->tried |= exchange->tried[t] == candidate;
    }
    return rotation_survey(rotation, &exchange->gateway->state, &demand, time(NULL)) == 0;
}

enum picker_result picker_choose(struct exchange *exchange)
{
    if (!exchange->roster)
        exchange->roster = roster_keep(exchange->gateway->roster);
    struct rotation *rotation = &exchange->roster->rotation;
    if (!survey(exchange))
        return PICKER_NO_MEMORY;
    exchange->candidate = rotation_choose(rotation, exchange->gateway->state.cursor);
    exchange->is_master = !exchange->candidate;
    if (!exchange->candidate)
        exchange->candidate = rotation_master(rotation);
    return exchange->candidate ? PICKER_CHOSE : PICKER_NONE;
}

void picker_explain(const struct exchange *exchange, struct picker_why *ret_why)
{
    *ret_why = (struct picker_why){.status = 503};
    int64_t now = time(NULL), until = 0;
    char left[DURATION_TEXT];
    if (survey(exchange))
        until = rotation_earliest(&exchange->roster->rotation);
    if (until <= now) {
        snprintf(ret_why->sentence, sizeof ret_why->sentence,
                 "no key of the pool can be used for this request");
        return;
    }
    duration_format(until - now, left);
    ret_why->status = 429;
    ret_why->retry_after = until - now;
    snprintf(ret_why->sentence, sizeof ret_why->sentence,
             "every key of the pool is used up; the first is ready again in %s", left);
}

void picker_failed(struct exchange *exchange, const struct finding *finding)
{
    struct state *state = &exchange->gateway->state;
    struct record *record = state_touch(&state->keys, exchange->candidate->id);
    int64_t now = time(NULL);
    if (record)
        (void)record_cool(record, finding, policy_cooldown(&exchange->roster->policy, finding, now),
                          now);
}

void picker_succeeded(struct exchange *exchange)
{
    (void)exchange;
}

bool picker_pass_over(struct exchange *exchange, const struct finding *finding, bool failed)
{
    (void)finding, (void)failed;
    struct candidate **tried =
        realloc(exchange->tried, (exchange->tried_count + 1) * sizeof(struct candidate *));
    if (!tried)
        return false;
    exchange->tried = tried;
    tried[exchange->tried_count++] = exchange->candidate;
    return true;
}

struct picker_left picker_count_left(struct exchange *exchange, enum failure_class class)
{
    struct picker_left left = {0};
    struct rotation *rotation = &exchange->roster->rotation;
    if (class != CLASS_NONE && !policy_rotates(&exchange->roster->policy, class))
        return left;
    if (!survey(exchange))
        return left;
    for (size_t i = 0; i < rotation->count; i++)
        left.keys += rotation->candidates[i].standing == STANDING_READY &&
                     &rotation->candidates[i] != exchange->candidate;
    left.master = rotation_master(rotation) && rotation_master(rotation) != exchange->candidate;
    return left;
}

void picker_give_back(struct exchange *exchange)
{
    (void)exchange;
}
