#include "gateway/picker_parts.h"

#include "gateway/common.h"
#include "gateway/gateway.h"
#include "gateway/secrets.h"
#include "system/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What happened to the exchange's key. */
static struct choice choice_of(struct exchange *exchange)
{
    struct roster *roster = exchange->roster;
    return (struct choice){.policy = &roster->policy,
                           .rotation = &roster->rotation,
                           .slots = &exchange->slot,
                           .slot_count = 1,
                           .many = true,
                           .slot = &exchange->slot,
                           .used = exchange->candidate};
}

void picker_failed(struct exchange *exchange, const struct finding *finding)
{
    bool known = exchange->candidate->standing == STANDING_COOLING ||
                 book_rests(exchange->gateway, exchange->candidate, exchange->model);
    struct choice choice = choice_of(exchange);
    choice.finding = finding;
    book_choose(exchange->gateway, &choice);
    if (known)
        return; /* another request has already reported it */
    exchange->failure = (struct event){.kind = EVENT_FAILOVER,
                                       .key = exchange->candidate->key->name,
                                       .class = finding->class,
                                       .what = *finding->what ? finding->what : NULL,
                                       .until = choice.until,
                                       .assumed = finding->until <= choice.now};
    exchange->failure_finding = *finding;
    if (*finding->what)
        exchange->failure.what = exchange->failure_finding.what;
    if (finding->scope == SCOPE_MODEL)
        exchange->failure.model = exchange->failure_finding.model;
}

void picker_tell_end(struct exchange *exchange, bool client_left)
{
    struct event event = exchange->failure;
    exchange->failure = (struct event){0};
    if (event.kind == EVENT_OTHER)
        return;
    event.kind = client_left ? EVENT_STOPPED : EVENT_EXHAUSTED;
    news_event(&exchange->gateway->news, &event);
}

struct ramp *picker_ramp(struct exchange *exchange)
{
    struct roster *roster = exchange->roster;
    return &roster->ramps[exchange->candidate - roster->rotation.candidates];
}

void picker_succeeded(struct exchange *exchange)
{
    bool counts = exchange->route.id == ROUTE_MESSAGES || exchange->route.id == ROUTE_OPENAI;
    if (!counts || !exchange->candidate->had_trouble)
        return;
    struct choice choice = choice_of(exchange);
    choice.succeeded = true;
    book_choose(exchange->gateway, &choice);
}

void picker_note_answer(struct exchange *exchange, const char *head)
{
    struct entry entry = {.kind = ENTRY_USAGE, .at = book_now(exchange->gateway)};
    usage_read(head, &entry.usage);
    if (entry.usage.count == 0)
        return;
    memcpy(entry.id, exchange->candidate->id, sizeof exchange->candidate->id);
    book_enter(exchange->gateway, &entry);
}

bool picker_renew(struct exchange *exchange)
{
    return secrets_renew(exchange->gateway, exchange->roster, exchange->candidate);
}

bool picker_pass_over(struct exchange *exchange, const struct finding *finding)
{
    size_t size = (exchange->tried_count + 1) * sizeof(struct candidate *);
    struct candidate **tried = realloc(exchange->tried, size);
    if (!tried)
        return false;
    exchange->tried = tried;
    tried[exchange->tried_count++] = exchange->candidate;
    exchange->no_master |= exchange->is_master || failure_is_transient(finding->class);
    return true;
}

struct picker_left picker_count_left(struct exchange *exchange, enum failure_class class)
{
    struct rotation *rotation = &exchange->roster->rotation;
    struct picker_left left = {0};
    struct demand demand = picker_demand(exchange);
    (void)picker_find_pin(exchange, &left.bound);
    if (class != CLASS_NONE && !policy_rotates(&exchange->roster->policy, class))
        return left;
    if (!book_survey(exchange->gateway, exchange->roster, &demand))
        return left;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        struct candidate *candidate = &rotation->candidates[i];
        bool is_master = i == rotation->count;
        bool is_free =
            (candidate->standing == STANDING_READY || candidate->standing == STANDING_TRIED) &&
            candidate != exchange->candidate && picker_is_of_use(exchange->roster, candidate) &&
            !picker_was_tried(exchange, candidate) &&
            (is_master || picker_is_of_sort(exchange, candidate));
        left.keys += is_free && !is_master;
        left.master |= is_free && is_master && !exchange->no_master;
    }
    if (exchange->tried_count + 1 >= (size_t)exchange->roster->policy.retries)
        left.keys = 0;
    return left;
}

void picker_give_back(struct exchange *exchange)
{
    if (exchange->holder)
        holder_leave(&exchange->gateway->holders, exchange->holder, clock_now_ms());
    exchange->holder = NULL;
}

void picker_bind(struct exchange *exchange, const char *object)
{
    char id[PICKER_OBJECT];
    snprintf(id, sizeof id, "object:%s", object);
    holder_bind(&exchange->gateway->holders, id, exchange->candidate->key->name, clock_now_ms());
    common_tell_object(exchange, id);
}
