#include "gateway/guests.h"

#include "base/head.h"
#include "base/money.h"
#include "core/state/users.h"
#include "gateway/budget.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/metering.h"
#include "system/usage/today.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define WAIT_MS 500 /* for the usage file, before the first request is answered */

struct guests {
    struct users users;
    char *text; /* the file that they were read from; NULL: none */
};

static bool are_limited(const struct users *users)
{
    bool any = false;
    for (size_t i = 0; i < users->count; i++)
        any |= users->list[i].money_per_day > 0 || users->list[i].requests_per_day > 0;
    return any;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int guests_follow(struct gateway *gateway, bool waits)
{
    const char *text = book_state(gateway)->users;
    struct guests *guests = gateway->guests;
    if (!guests && !text)
        return 0;
    if (!guests && !(guests = gateway->guests = calloc(1, sizeof *guests)))
        return -ENOMEM;
    if (is_same(text, guests->text))
        return 0;
    struct users users;
    char *copy = text ? strdup(text) : NULL;
    if ((text && !copy) || users_parse(text, &users) < 0) {
        free(copy);
        return -ENOMEM;
    }
    if (!text && guests->users.count > 0)
        news_warn(
            &gateway->news,
            "the state has lost its users, so their keys are refused: put the state back from "
            "a copy, or add them anew with tcr-run gateway users add");
    users_finish(&guests->users);
    free(guests->text);
    *guests = (struct guests){users, copy};
    if (waits && are_limited(&users))
        budget_say_alone(gateway, "limits of users per day");
    if (gateway->metering && are_limited(&users))
        metering_watch(gateway, waits ? WAIT_MS : 0);
    return 0;
}

void guests_close(struct gateway *gateway)
{
    if (!gateway->guests)
        return;
    users_finish(&gateway->guests->users);
    free(gateway->guests->text);
    free(gateway->guests);
    gateway->guests = NULL;
}

size_t guests_count(const struct gateway *gateway)
{
    return gateway->guests ? gateway->guests->users.count : 0;
}

static const struct user *identify(const struct gateway *gateway, const char *head)
{
    static const char bearer[] = "Bearer ";
    const struct users *users = &gateway->guests->users;
    const struct user *user = NULL;
    const size_t length = strlen(bearer);
    struct header field;
    for (const char *at = head; !user && head_next_named(&at, "x-api-key", &field);)
        user = users_identify(users, field.value, field.value_length);
    for (const char *at = head; !user && head_next_named(&at, "authorization", &field);)
        if (field.value_length > length && strncasecmp(field.value, bearer, length) == 0)
            user = users_identify(users, field.value + length, field.value_length - length);
    return user;
}

bool guests_enter(struct exchange *exchange)
{
    const struct gateway *gateway = exchange->gateway;
    const struct user *user =
        gateway->guests ? identify(gateway, buffer_text(&exchange->head)) : NULL;
    if (!user || !user_may_enter(user, book_now(gateway)))
        return false;
    snprintf(exchange->user, sizeof exchange->user, "%s", user->name);
    return true;
}

const char *guests_sentence(const struct exchange *exchange)
{
    if (!exchange->visitor->guard->users_only)
        return guard_sentence(GUARD_TOKEN);
    return guests_count(exchange->gateway) > 0
               ? "The key is missing, or it is not (or no longer) a key of a user of this gateway. "
                 "Send it as x-api-key or as a bearer token; the gateway's owner makes one with "
                 "tcr-run gateway users add NAME."
               : "This gateway has no users any more. Its owner adds them with tcr-run gateway "
                 "users add NAME.";
}

/* ---- what a user may do ---- */

/* In a compressed body the model cannot be seen, and if a body names two, the provider may take
 * either. */
static bool names_its_model(const struct exchange *exchange)
{
    char coding[32];
    const char *head = buffer_text(&exchange->head), *body = exchange->body.bytes;
    return *exchange->id.model && !head_value(head, "content-encoding", coding, sizeof coding) &&
           sessionid_names_one_model(body, exchange->body.length);
}

/* A request that names no model might use any. */
static bool model_is_theirs(const struct exchange *exchange, const struct user *user)
{
    bool tells = exchange->route.id == ROUTE_MESSAGES || exchange->route.id == ROUTE_OPENAI ||
                 exchange->route.id == ROUTE_COUNT_TOKENS;
    if (!*user->models || exchange->route.id == ROUTE_MODELS)
        return true;
    return tells && names_its_model(exchange) && user_may_use(user, exchange->id.model);
}

static struct guest_refusal refuse_used_up(const struct user *user)
{
    const int64_t now = time(NULL);
    struct guest_refusal refusal = {.status = 429, .retry_after = today_ends(now) - now};
    struct buffer limit = {0};
    if (user->money_per_day > 0)
        money_append(&limit, user->money_per_day);
    else
        buffer_append_format(&limit, "%lld requests", (long long)user->requests_per_day);
    snprintf(refusal.sentence, sizeof refusal.sentence,
             "user \"%s\" has used what is allowed in a day (%s); it goes on at midnight",
             user->name, buffer_text(&limit));
    buffer_finish(&limit);
    return refusal;
}

/* Requests under way may all be within the limit when they come, and past it when they are over. */
static int64_t count_under_way(const struct gateway *gateway, const struct user *user)
{
    int64_t count = 0;
    for (const struct exchange *one = gateway->all; one; one = one->next)
        count += one->roster && !one->is_metered && strcmp(one->user, user->name) == 0;
    return count;
}

static struct guest_refusal judge_day(const struct exchange *exchange, const struct user *user)
{
    struct gateway *gateway = exchange->gateway;
    if (user->money_per_day <= 0 && user->requests_per_day <= 0)
        return (struct guest_refusal){0};
    if (!gateway->metering)
        return (struct guest_refusal){503,
                                      "this gateway records no usage, so what you may use in a day "
                                      "cannot be counted",
                                      0};
    struct usage_spent spent = metering_spent(gateway, true, user->name);
    bool over = (user->money_per_day > 0 && spent.cost >= user->money_per_day) ||
                (user->requests_per_day > 0 &&
                 spent.requests + count_under_way(gateway, user) >= user->requests_per_day);
    return over ? refuse_used_up(user) : (struct guest_refusal){0};
}

struct guest_refusal guests_judge(const struct exchange *exchange)
{
    const struct gateway *gateway = exchange->gateway;
    struct guest_refusal refusal = {0};
    if (!*exchange->user)
        return refusal;
    const struct user *user =
        gateway->guests ? users_find(&gateway->guests->users, exchange->user) : NULL;
    if (!user || !user_may_enter(user, book_now(gateway)))
        return (struct guest_refusal){401, "this user's key is no longer valid", 0};
    if (model_is_theirs(exchange, user))
        return judge_day(exchange, user);
    refusal.status = 403;
    snprintf(refusal.sentence, sizeof refusal.sentence,
             "user \"%s\" may not use this model; allowed: %s", user->name, user->models);
    return refusal;
}
