#include "gateway/picker_parts.h"

#include "gateway/budget.h"
#include "gateway/gateway.h"

#include <string.h>

/* A key that rests for longer is tried now and then, because windows are sometimes reset early. */
#define TRIAL_SECONDS 1800

static bool any_rests(const struct rotation *rotation)
{
    for (size_t i = 0; i < rotation->count; i++)
        if (rotation->candidates[i].standing == STANDING_COOLING)
            return true;
    return false;
}

static bool is_due(const struct roster *roster, size_t i, int64_t now)
{
    const struct cooldown *rest = roster->rotation.candidates[i].cooling;
    if (rest->class != CLASS_LIMIT || *rest->model || rest->until - now <= TRIAL_SECONDS)
        return false;
    int64_t begun = rest->until - rest->length;
    int64_t since = begun > roster->trials[i] ? begun : roster->trials[i];
    return since + TRIAL_SECONDS <= now;
}

/* A key has rested for long and may not need to: one request each half hour finds out. */
static struct candidate *find_trial(struct exchange *exchange)
{
    struct roster *roster = exchange->roster;
    int64_t now = book_now(exchange->gateway);
    for (size_t i = 0; i < roster->rotation.count; i++) {
        struct candidate *candidate = &roster->rotation.candidates[i];
        if (candidate->standing != STANDING_COOLING || !candidate->cooling ||
            !is_due(roster, i, now) || !candidate->key->token ||
            !picker_is_of_sort(exchange, candidate) ||
            budget_is_spent(exchange->gateway, roster, candidate))
            continue;
        roster->trials[i] = now;
        return candidate;
    }
    return NULL;
}

/* Providers count tokens for nothing, and have a limit of their own for that: a key whose messages
 * are limited may still do it. The session's own key is asked first. */
static struct candidate *find_counter(struct exchange *exchange)
{
    struct rotation *rotation = &exchange->roster->rotation;
    struct candidate *found = NULL;
    for (size_t i = 0; i < rotation->count; i++) {
        struct candidate *candidate = &rotation->candidates[i];
        const struct cooldown *rest = candidate->cooling;
        if (candidate->standing != STANDING_COOLING || !rest ||
            (rest->class != CLASS_LIMIT && rest->class != CLASS_THROTTLED) ||
            picker_was_tried(exchange, candidate) ||
            !picker_is_of_use(exchange->roster, candidate) ||
            !picker_is_of_sort(exchange, candidate))
            continue;
        if (!found || strcmp(candidate->key->name, exchange->holder->key) == 0)
            found = candidate;
    }
    return found;
}

struct candidate *picker_find_resting(struct exchange *exchange)
{
    bool counts = exchange->route.id == ROUTE_COUNT_TOKENS && !exchange->candidate;
    bool tries = exchange->route.id == ROUTE_MESSAGES && exchange->attempts == 0;
    if ((!counts && !tries) || !any_rests(&exchange->roster->rotation))
        return NULL;
    struct demand demand = picker_demand(exchange);
    if (!book_survey(exchange->gateway, exchange->roster, &demand))
        return NULL;
    return counts ? find_counter(exchange) : find_trial(exchange);
}
