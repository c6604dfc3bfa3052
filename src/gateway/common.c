#include "gateway/common.h"

#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/picker_parts.h"
#include "system/clock.h"
#include "system/store/ledger.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS      ((int64_t)300)
#define KNOWN_MS     ((int64_t)1000)
#define QUIET_MS     ((int64_t)5000)        /* after an answer that came late */
#define SESSION_KEPT ((int64_t)2 * 60 * 60) /* a provider's cache lives for an hour at most */
#define OBJECT_KEPT  ((int64_t)30 * 24 * 60 * 60)

/* ---- asking ---- */

static void claim(struct exchange *exchange, struct claim *claim, const char *id, const char *key)
{
    snprintf(claim->id, sizeof claim->id, "%s", id);
    snprintf(claim->key, sizeof claim->key, "%s", key);
    claim->seconds = claim->is_object ? OBJECT_KEPT : SESSION_KEPT;
    if (ledger_claim(exchange->gateway->ledger, claim) == 0 && !claim->is_object)
        exchange->holder->common.claims++;
}

static void claim_session(struct exchange *exchange, const char *key)
{
    struct claim session = {0};
    memcpy(session.had, exchange->holder->common.key, sizeof session.had);
    claim(exchange, &session, exchange->holder->id, key);
}

static void claim_object(struct exchange *exchange, const char *object, const char *key)
{
    struct claim made = {.is_object = true};
    claim(exchange, &made, object, key);
}

/* A key that is picked by hand does not belong to the session. */
static bool has_session(const struct exchange *exchange)
{
    bool bound;
    return *exchange->id.session && !picker_find_pin(exchange, &bound);
}

static bool lacks_session(const struct exchange *exchange)
{
    return exchange->holder->common.known_until <= clock_now_ms() && has_session(exchange);
}

static bool lacks_object(const struct exchange *exchange)
{
    char object[PICKER_OBJECT];
    return !exchange->object_known && picker_name_object(exchange, object) &&
           !holder_find(&exchange->gateway->holders, object);
}

static void ask(struct exchange *exchange)
{
    char object[PICKER_OBJECT];
    if (lacks_object(exchange)) {
        (void)picker_name_object(exchange, object);
        claim_object(exchange, object, "");
    }
    if (lacks_session(exchange) && exchange->holder->common.claims == 0)
        claim_session(exchange, "");
}

bool common_look(struct exchange *exchange)
{
    struct gateway *gateway = exchange->gateway;
    int64_t now = clock_now_ms();
    bool asks = exchange->common_until == 0;
    if (!ledger_takes_claims(gateway->ledger) || now < gateway->common_quiet_until ||
        !(lacks_object(exchange) || lacks_session(exchange))) {
        exchange->common_until = 0;
        return false;
    }
    if (!asks && now >= exchange->common_until) {
        gateway->common_quiet_until = now + QUIET_MS;
        exchange->common_until = 0;
        return false;
    }
    if (asks) {
        exchange->common_until = now + WAIT_MS;
        ask(exchange);
    }
    exchange->timer_came = false;
    timer_set(&gateway->timers, &exchange->timer, exchange->common_until);
    return true;
}

/* ---- telling ---- */

void common_tell(struct exchange *exchange)
{
    struct common *common = &exchange->holder->common;
    const char *id = exchange->candidate->id;
    if (!ledger_takes_claims(exchange->gateway->ledger) || strcmp(common->key, id) == 0 ||
        !has_session(exchange))
        return;
    claim_session(exchange, id);
    memcpy(common->key, id, sizeof common->key);
}

void common_tell_object(struct exchange *exchange, const char *object)
{
    if (ledger_takes_claims(exchange->gateway->ledger))
        claim_object(exchange, object, exchange->candidate->id);
}

/* ---- answers ---- */

static const char *find_name(const struct rotation *rotation, const char *id)
{
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (strcmp(rotation->candidates[i].id, id) == 0)
            return rotation->candidates[i].key->name;
    return NULL;
}

/* Later claims were sent with what was known before this answer: only the last answer counts. */
static void take_session(struct gateway *gateway, const struct claim *claim, bool failed)
{
    struct holder *holder = holder_find(&gateway->holders, claim->id);
    const char *name = find_name(&gateway->roster->rotation, claim->key);
    if (!holder || holder->common.claims == 0 || --holder->common.claims > 0)
        return;
    holder->common.known_until = clock_now_ms() + KNOWN_MS;
    if (failed)
        return;
    memcpy(holder->common.key, claim->key, sizeof holder->common.key);
    if (!name || strcmp(holder->key, name) == 0)
        return;
    snprintf(holder->key, sizeof holder->key, "%s", name);
    holder->common.moved = true;
}

static void take_object(struct gateway *gateway, const struct claim *claim)
{
    const char *name = find_name(&gateway->roster->rotation, claim->key);
    char object[PICKER_OBJECT];
    if (name)
        holder_bind(&gateway->holders, claim->id, name, clock_now_ms());
    for (struct exchange *exchange = gateway->all; exchange; exchange = exchange->next)
        if (exchange->state == CHOOSING && picker_name_object(exchange, object) &&
            strcmp(object, claim->id) == 0)
            exchange->object_known = true;
}

void common_take(struct gateway *gateway)
{
    struct claim claim;
    bool failed, any = false;
    for (; ledger_next_claim(gateway->ledger, &claim, &failed); any = true)
        if (claim.is_object)
            take_object(gateway, &claim);
        else
            take_session(gateway, &claim, failed);
    for (struct exchange *exchange = any ? gateway->all : NULL; exchange; exchange = exchange->next)
        if (exchange->state == CHOOSING && exchange->common_until > 0)
            exchange_mark(exchange);
}
