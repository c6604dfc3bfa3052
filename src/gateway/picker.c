#include "gateway/picker_parts.h"

#include "base/duration.h"
#include "base/text.h"
#include "gateway/budget.h"
#include "gateway/common.h"
#include "gateway/gateway.h"
#include "gateway/secrets.h"
#include "system/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void picker_name_connection(uint64_t number, char ret_id[PICKER_SESSION])
{
    snprintf(ret_id, PICKER_SESSION, "connection:%llu", (unsigned long long)number);
}

static bool enter_session(struct exchange *exchange)
{
    char connection[PICKER_SESSION];
    const char *id = exchange->id.session;
    if (!*id) {
        picker_name_connection(exchange->visit, connection);
        id = connection;
    }
    if (!exchange->holder)
        exchange->holder = holder_enter(&exchange->gateway->holders, id, clock_now_ms());
    return exchange->holder != NULL;
}

/* The session's slot, moved to the present keys. NULL: this request began with keys that have been
 * replaced since, and has a slot of its own. */
static struct slot *place_of(struct exchange *exchange)
{
    struct holder *holder = exchange->holder;
    struct gateway *gateway = exchange->gateway;
    if (holder->roster == exchange->roster)
        return &holder->slot;
    if (exchange->roster != gateway->roster)
        return NULL;
    if (holder->roster) {
        gateway->holders.let_go(gateway->holders.context, holder);
        roster_release(holder->roster);
    }
    holder->roster = roster_keep(gateway->roster);
    holder->slot = (struct slot){0};
    return &holder->slot;
}

/* Among the first `count`: the pool's, and then the master. */
static struct candidate *find_candidate(struct rotation *rotation, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rotation->candidates[i].key->name, name) == 0)
            return &rotation->candidates[i];
    return NULL;
}

/* What one request demands of a choice. The master's uses are counted when it is chosen. */
struct want {
    bool spare_full; /* not a key whose window is almost used up */
    bool master;
};

static bool choose_once(struct exchange *exchange, struct slot *slot, struct want want,
                        struct candidate **passed_over)
{
    struct roster *roster = exchange->roster;
    struct choice choice = {.policy = &roster->policy,
                            .rotation = &roster->rotation,
                            .slots = slot,
                            .slot_count = 1,
                            .no_master = exchange->no_master || !want.master,
                            .many = true,
                            .tried = passed_over,
                            .choose = true};
    const char *name = *exchange->holder->key ? exchange->holder->key : exchange->gateway->first;
    bool by_name = name && (!slot->candidate || exchange->holder->common.moved);
    struct candidate *named =
        by_name ? find_candidate(&roster->rotation, roster->rotation.count, name) : NULL;
    slot->prefers = named ? named : slot->candidate;
    slot->demand = picker_demand(exchange);
    slot->attempts = (int)exchange->tried_count;
    choice.tried_count = picker_list_passed_over(exchange, want.spare_full, passed_over);
    book_choose(exchange->gateway, &choice);
    exchange->candidate = choice.chosen;
    exchange->is_master = choice.is_master;
    return !choice.failed;
}

static void take_resting(struct exchange *exchange, struct candidate *resting)
{
    struct gateway *gateway = exchange->gateway;
    const struct record *record = state_find(&book_state(gateway)->keys, resting->id);
    exchange->candidate = resting;
    exchange->is_master = false;
    exchange->slot.candidate = resting;
    exchange->slot.failures = record ? record->failures : 0;
    exchange->slot.last_failed = record ? record->last_failed : 0;
}

enum prospect {
    PROSPECT_CLEAR,
    PROSPECT_WAITS, /* for the master's secret */
    PROSPECT_NO_MEMORY,
};

/* Each choice of the master is counted towards at_most, so its secret is fetched first. */
static enum secret_state want_master(struct exchange *exchange)
{
    struct rotation *rotation = &exchange->roster->rotation;
    struct candidate *master = &rotation->candidates[rotation->count];
    struct demand demand = picker_demand(exchange);
    if (exchange->no_master || !book_survey(exchange->gateway, exchange->roster, &demand) ||
        !rotation_master(rotation) || picker_was_tried(exchange, master) ||
        !picker_is_of_use(exchange->roster, master) || !bridge_serves(exchange, master->key))
        return SECRET_LACKS;
    return secrets_want(exchange->gateway, exchange->roster, master);
}

static enum prospect choose(struct exchange *exchange)
{
    const struct rotation *rotation = &exchange->roster->rotation;
    struct slot own = {0}, *place = place_of(exchange), *slot = place ? place : &own;
    struct candidate **passed_over = calloc(rotation->count + 1, sizeof(struct candidate *));
    if (!passed_over)
        return PROSPECT_NO_MEMORY;
    bool is_new = !*exchange->holder->key;
    bool had_master = slot->candidate && slot->is_master;
    bool fine = true;
    exchange->candidate = NULL;
    if (is_new)
        fine = choose_once(exchange, slot, (struct want){.spare_full = true}, passed_over);
    if (fine && !exchange->candidate)
        fine = choose_once(exchange, slot, (struct want){0}, passed_over);
    struct candidate *resting = fine ? picker_find_resting(exchange) : NULL;
    enum secret_state master = fine && !exchange->candidate && !resting && exchange->may_spend
                                   ? want_master(exchange)
                                   : SECRET_LACKS;
    if (master == SECRET_THERE)
        fine = choose_once(exchange, slot, (struct want){.master = true}, passed_over);
    free(passed_over);
    exchange->slot = *slot;
    if (!place)
        book_give_back(exchange->gateway, exchange->roster, &own);
    exchange->master_is_news = exchange->is_master && !had_master;
    exchange->holder->common.moved = false;
    if (exchange->candidate && !exchange->is_master) {
        text_copy(exchange->holder->key, sizeof exchange->holder->key,
                  exchange->candidate->key->name);
        common_tell(exchange);
    }
    if (resting)
        take_resting(exchange, resting);
    return !fine ? PROSPECT_NO_MEMORY : master == SECRET_COMES ? PROSPECT_WAITS : PROSPECT_CLEAR;
}

/* Whether the key that it asks for exists, is the one of --key, if there is that, and, for a user,
 * not the master, which is billed to the owner. */
static bool asks_in_vain(const struct exchange *exchange)
{
    struct keyring *keyring = &exchange->roster->keyring;
    const char *name = exchange->id.key, *only = exchange->gateway->pinned;
    const struct key *key = *name ? keyring_find(keyring, name) : NULL;
    return *name && (!key || (only && strcmp(name, only) != 0) ||
                     (*exchange->user && key == &keyring->master));
}

/* What happened since the last key. It is reported once the next key is known. */
static void tell_move(struct exchange *exchange)
{
    struct event event = exchange->failure;
    exchange->failure = (struct event){0};
    if (event.kind == EVENT_OTHER && !exchange->master_is_news)
        return;
    if (event.kind == EVENT_OTHER)
        event = (struct event){.kind = EVENT_FAILOVER};
    if (exchange->candidate)
        event.next = exchange->candidate->key->name;
    else
        event.kind = EVENT_EXHAUSTED;
    event.master = exchange->is_master;
    news_event(&exchange->gateway->news, &event);
}

static bool spends_master(struct exchange *exchange)
{
    if (exchange->may_spend || exchange->no_master || !exchange->roster->rotation.has_master)
        return false;
    bridge_first_model(exchange);
    exchange->may_spend = true;
    exchange->retry = (struct retry){0};
    return true;
}

static enum secret_state want_secret(struct exchange *exchange)
{
    enum secret_state state =
        exchange->candidate ? secrets_want(exchange->gateway, exchange->roster, exchange->candidate)
                            : SECRET_THERE;
    exchange->awaits_secret = state == SECRET_COMES;
    return state;
}

/* PICKER_CHOSE without a candidate: no key serves this model. */
static enum picker_result choose_with_secret(struct exchange *exchange)
{
    /* The key was counted when it was chosen, and the request waited for its secret. */
    if (exchange->awaits_secret && exchange->candidate) {
        enum secret_state state = want_secret(exchange);
        if (state != SECRET_LACKS)
            return state == SECRET_THERE ? PICKER_CHOSE : PICKER_WAITS;
    }
    for (;;) {
        enum prospect prospect = enter_session(exchange) ? choose(exchange) : PROSPECT_NO_MEMORY;
        if (prospect != PROSPECT_CLEAR)
            return prospect == PROSPECT_WAITS ? PICKER_WAITS : PICKER_NO_MEMORY;
        enum secret_state state = want_secret(exchange);
        if (state == SECRET_COMES)
            return PICKER_WAITS;
        if (state == SECRET_THERE)
            return PICKER_CHOSE;
        /* The key is passed over from now on, until it is worth another look. */
    }
}

bool picker_finds_another_way(struct exchange *exchange)
{
    if (!picker_widen(exchange) && !bridge_next_model(exchange) && !spends_master(exchange))
        return false;
    exchange->tried_count = 0;
    return true;
}

enum picker_result picker_choose(struct exchange *exchange)
{
    if (!exchange->roster) {
        gateway_renew_roster(exchange->gateway);
        exchange->roster = roster_keep(exchange->gateway->roster);
        bridge_find_provider(exchange);
        picker_find_sort(exchange);
    }
    if (asks_in_vain(exchange))
        return PICKER_UNKNOWN;
    if (!enter_session(exchange))
        return PICKER_NO_MEMORY;
    if (common_look(exchange))
        return PICKER_WAITS;
    enum picker_result result = choose_with_secret(exchange);
    while (result == PICKER_CHOSE && !exchange->candidate && picker_finds_another_way(exchange))
        result = choose_with_secret(exchange);
    if (result != PICKER_CHOSE)
        return result;
    tell_move(exchange);
    if (exchange->candidate)
        return PICKER_CHOSE;
    return picker_hold(exchange) ? PICKER_HOLDS : PICKER_NONE;
}

static void name_first(const struct rotation *rotation, int64_t until, struct picker_why *why)
{
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (!candidate->cooling || candidate->cooling->until != until)
            continue;
        why->candidate = candidate;
        why->class = candidate->cooling->class;
        snprintf(why->what, sizeof why->what, "%s", candidate->cooling->what);
        return;
    }
}

/* A key that was picked by hand, and that is for other requests. */
static bool explain_pick(const struct exchange *exchange, struct picker_why *why)
{
    struct rotation *rotation = &exchange->roster->rotation;
    const char *model = exchange->id.model;
    bool bound;
    (void)picker_find_pin(exchange, &bound);
    const struct candidate *picked =
        bound ? NULL
              : find_candidate(rotation, rotation->count + rotation->has_master, exchange->id.key);
    if (!picked)
        return false;
    bool is_master = picked == &rotation->candidates[rotation->count];
    if (bridge_takes_kind(exchange, &picked->key->kind) &&
        (is_master ? bridge_serves(exchange, picked->key) : picker_is_of_sort(exchange, picked)))
        return false;
    why->status = exchange->route.id == ROUTE_COUNT_TOKENS ? 404 : 400;
    snprintf(why->sentence, sizeof why->sentence,
             *model ? "the key that the request asks for (X-Tcr-Key: %s) does not serve such "
                      "requests for the model \"%s\""
                    : "the key that the request asks for (X-Tcr-Key: %s) does not serve such "
                      "requests without a model",
             exchange->id.key, model);
    return true;
}

/* No waiting helps where all keys are of the other provider, so clients are not to ask again. */
static bool explain_provider(const struct exchange *exchange, const struct demand *demand,
                             struct picker_why *why)
{
    const struct rotation *rotation = &exchange->roster->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (demand->can_use(&rotation->candidates[i].key->kind, demand->can_use_context))
            return false;
    why->status = 404;
    snprintf(why->sentence, sizeof why->sentence,
             "such requests need a key of %s, and the pool has none",
             exchange->route.provider == PROVIDER_OPENAI ? "kind openai" : "Anthropic's");
    return true;
}

void picker_explain(struct exchange *exchange, struct picker_why *ret_why)
{
    const struct rotation *rotation = &exchange->roster->rotation;
    struct demand demand = picker_demand(exchange);
    char left[DURATION_TEXT];
    *ret_why = (struct picker_why){.status = 503};
    if (explain_pick(exchange, ret_why))
        return;
    /* 404, because any count of ours would keep clients from compacting. */
    if (exchange->route.id == ROUTE_COUNT_TOKENS && !bridge_has_claude(exchange)) {
        ret_why->status = 404;
        snprintf(ret_why->sentence, sizeof ret_why->sentence,
                 "the pool has no key of Anthropic's, and tokens are counted there alone");
        return;
    }
    if (explain_provider(exchange, &demand, ret_why))
        return;
    (void)book_survey(exchange->gateway, exchange->roster, &demand);
    int64_t now = book_now(exchange->gateway), until = rotation_earliest(rotation);
    if (until <= now) {
        snprintf(ret_why->sentence, sizeof ret_why->sentence,
                 rotation_busy(rotation) > 0
                     ? "every key of the pool serves as many sessions as it may"
                     : "no key of the pool can be used for this request; tcr-run status and "
                       "tcr-run log show why");
        return;
    }
    duration_format(until - now, left);
    ret_why->status = 429;
    ret_why->until = until;
    name_first(rotation, until, ret_why);
    ret_why->retry_after = until - now;
    snprintf(ret_why->sentence, sizeof ret_why->sentence,
             "every key of the pool is used up; the first is ready again in %s", left);
}
