#include "gateway/budget.h"

#include "base/money.h"
#include "gateway/gateway.h"
#include "gateway/metering.h"
#include "system/log.h"
#include "system/store/ledger.h"
#include "system/usage/today.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 500 /* for the usage file, before the first request is answered */

/* For messages such as: "home" reached its daily budget. */
static const char what[] = "daily budget";

static bool has_budgets(const struct keyring *keyring)
{
    bool any = keyring->budget_per_key > 0 || (keyring->has_master && keyring->master.budget > 0);
    for (size_t i = 0; i < keyring->count && !any; i++)
        any = keyring->keys[i].budget > 0;
    return any;
}

void budget_say_alone(const struct gateway *gateway, const char *limits)
{
    if (gateway->metering && ledger_takes_claims(gateway->ledger))
        log_warn("gateway: %s are counted by what this machine's gateway has used: where several "
                 "share the state on a server, each counts for itself",
                 limits);
}

void budget_follow(struct gateway *gateway, const struct roster *roster, bool waits)
{
    if (!has_budgets(&roster->keyring))
        return;
    if (waits)
        budget_say_alone(gateway, "budgets");
    if (gateway->metering)
        metering_watch(gateway, waits ? WAIT_MS : 0);
    else
        log_warn("gateway: no usage is recorded, so the budgets of the key file do not count");
}

/* The state's clock may be that of another machine. */
static struct cooldown rest_until_midnight(const struct gateway *gateway)
{
    int64_t now = time(NULL), length = today_ends(now) - now;
    struct cooldown rest = {
        .class = CLASS_LIMIT, .until = book_now(gateway) + length, .length = length};
    snprintf(rest.what, sizeof rest.what, "%s", what);
    return rest;
}

static void say(struct gateway *gateway, const struct key *key, const struct cooldown *rest,
                int64_t budget)
{
    struct buffer text = {0};
    buffer_append_format(&text, "\"%s\" reached its %s of ", key->name, what);
    money_append(&text, budget);
    buffer_append_text(&text, "; it rests until midnight");
    struct event event = {.kind = EVENT_WARNING,
                          .key = key->name,
                          .class = CLASS_LIMIT,
                          .what = what,
                          .until = rest->until,
                          .text = buffer_text(&text)};
    log_explain("gateway: %s", event.text);
    news_event(&gateway->news, &event);
    buffer_finish(&text);
}

/* Entered as a failure too: a request that began earlier and succeeds does not end the rest. */
static void take_rest(struct gateway *gateway, const struct candidate *candidate, int64_t budget)
{
    struct entry entry = {
        .kind = ENTRY_FAILURE, .at = book_now(gateway), .rest = rest_until_midnight(gateway)};
    memcpy(entry.id, candidate->id, sizeof candidate->id);
    snprintf(entry.name, sizeof entry.name, "%s", candidate->key->name);
    book_enter(gateway, &entry);
    entry.kind = ENTRY_REST;
    book_enter(gateway, &entry);
    say(gateway, candidate->key, &entry.rest, budget);
}

bool budget_is_spent(struct gateway *gateway, const struct roster *roster,
                     const struct candidate *candidate)
{
    int64_t budget = keyring_budget(&roster->keyring, candidate->key);
    if (budget <= 0 || !gateway->metering ||
        metering_spent(gateway, false, candidate->key->name).cost < budget)
        return false;
    if (*candidate->id && !book_rests(gateway, candidate, ""))
        take_rest(gateway, candidate, budget);
    return true;
}
