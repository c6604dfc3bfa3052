#include "gateway/timers.h"

#include <limits.h>
#include <stddef.h>

static struct timer *join(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->at < a->at) {
        struct timer *swap = a;
        a = b;
        b = swap;
    }
    b->next = a->child;
    b->previous = a;
    if (a->child)
        a->child->previous = b;
    a->child = b;
    a->next = a->previous = NULL;
    return a;
}

/* Joins the children of a node that is removed: in pairs, then the pairs from last to first. */
static struct timer *join_all(struct timer *first)
{
    struct timer *pairs = NULL, *heap = NULL;
    while (first) {
        struct timer *a = first, *b = a->next;
        first = b ? b->next : NULL;
        a->next = a->previous = NULL;
        if (b)
            b->next = b->previous = NULL;
        struct timer *pair = join(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct timer *pair = pairs;
        pairs = pair->next;
        pair->next = NULL;
        heap = join(heap, pair);
    }
    return heap;
}

void timer_stop(struct timers *timers, struct timer *timer)
{
    if (!timer->is_set)
        return;
    struct timer *rest = join_all(timer->child);
    if (timers->soonest == timer) {
        timers->soonest = rest;
    } else {
        if (timer->previous->child == timer)
            timer->previous->child = timer->next;
        else
            timer->previous->next = timer->next;
        if (timer->next)
            timer->next->previous = timer->previous;
        timers->soonest = join(timers->soonest, rest);
    }
    timer->is_set = false;
    timer->child = timer->next = timer->previous = NULL;
}

void timer_set(struct timers *timers, struct timer *timer, int64_t at)
{
    timer_stop(timers, timer);
    timer->at = at;
    timer->is_set = true;
    timers->soonest = join(timers->soonest, timer);
}

int timers_wait(const struct timers *timers, int64_t now)
{
    if (!timers->soonest)
        return -1;
    int64_t left = timers->soonest->at - now;
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void timers_run(struct timers *timers, int64_t now)
{
    while (timers->soonest && timers->soonest->at <= now) {
        struct timer *timer = timers->soonest;
        timer_stop(timers, timer);
        timer->due(timer->context);
    }
}
