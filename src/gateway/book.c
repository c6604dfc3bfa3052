#include "gateway/book.h"

#include "gateway/common.h"
#include "gateway/gateway.h"
#include "gateway/guests.h"
#include "system/log.h"
#include "system/store/ledger.h"

#define CLOSE_MS 3000

static void report(void *context, enum report kind, const char *sentence)
{
    (void)context;
    if (kind == REPORT_WARN)
        log_warn("gateway: %s", sentence);
    else
        log_explain("gateway: %s", sentence);
}

static const struct host host = {.report = report};

static void take_news(void *context, uint32_t events)
{
    struct gateway *gateway = context;
    (void)events;
    if (ledger_refresh(gateway->ledger))
        (void)ledger_meet(gateway->ledger, &gateway->roster->rotation);
    common_take(gateway);
    (void)guests_follow(gateway, false);
}

int book_open(struct gateway *gateway)
{
    int r = ledger_open(&host, &gateway->ledger);
    if (r < 0)
        return r;
    gateway->holders.has_objects = ledger_takes_claims(gateway->ledger);
    gateway->ledger_watch = (struct watch){ledger_fd(gateway->ledger), POLLIN, take_news, gateway};
    r = loop_add(&gateway->loop, &gateway->ledger_watch);
    if (r == 0)
        book_follow(gateway, gateway->roster);
    return r;
}

void book_close(struct gateway *gateway)
{
    if (!gateway->ledger)
        return;
    loop_remove(&gateway->loop, &gateway->ledger_watch);
    (void)ledger_close(gateway->ledger, CLOSE_MS);
    gateway->ledger = NULL;
}

static void release(void *context)
{
    roster_release(context);
}

void book_follow(struct gateway *gateway, struct roster *roster)
{
    ledger_follow_keys(gateway->ledger, &roster->keyring, release, roster_keep(roster));
    (void)ledger_meet(gateway->ledger, &roster->rotation);
}

void book_choose(struct gateway *gateway, struct choice *choice)
{
    ledger_choose(gateway->ledger, choice);
}

void book_give_back(struct gateway *gateway, struct roster *roster, struct slot *slot)
{
    ledger_give_back(gateway->ledger, &roster->rotation, slot);
}

bool book_survey(const struct gateway *gateway, struct roster *roster, const struct demand *demand)
{
    return rotation_survey(&roster->rotation, ledger_state(gateway->ledger), demand,
                           ledger_now(gateway->ledger)) == 0;
}

void book_enter(struct gateway *gateway, const struct entry *entry)
{
    (void)ledger_enter(gateway->ledger, entry);
}

int64_t book_now(const struct gateway *gateway)
{
    return ledger_now(gateway->ledger);
}

const struct state *book_state(const struct gateway *gateway)
{
    return ledger_state(gateway->ledger);
}

bool book_rests(const struct gateway *gateway, const struct candidate *candidate, const char *model)
{
    const struct record *record = state_find(&book_state(gateway)->keys, candidate->id);
    return record && record_cooling(record, *model ? model : NULL, book_now(gateway));
}

void book_log(void *context, const char *line)
{
    struct gateway *gateway = context;
    if (gateway->ledger)
        ledger_log_event(gateway->ledger, line);
}
