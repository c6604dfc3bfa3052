#include "gateway/picker_parts.h"

#include "base/head.h"
#include "base/text.h"
#include "gateway/budget.h"
#include "gateway/gateway.h"
#include "gateway/secrets.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define OAUTH_BETA "oauth-2025-04-20"
#define LONG_BETA  "context-1m-"

static bool is_asked(const struct asked *kinds, const struct kind *kind)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (asked_covers(kinds->names[i], kind))
            return true;
    return kinds->count == 0;
}

static bool is_of_provider(const struct kind *kind, const void *context)
{
    const struct exchange *exchange = context;
    if (!is_asked(&exchange->gateway->options->kinds, kind))
        return false;
    return bridge_takes_kind(exchange, kind);
}

/* With a subscription, clients ask for other models, tools and prices than with an API key. So a
 * request goes to keys of its own sort as long as one is left. The master serves both. */
bool picker_is_of_sort(const struct exchange *exchange, const struct candidate *candidate)
{
    if (!bridge_serves(exchange, candidate->key))
        return false;
    return exchange->route.provider == PROVIDER_OPENAI || !exchange->has_sort ||
           candidate->key->kind.id == KIND_OPENAI ||
           kind_is_subscription(&candidate->key->kind) == exchange->of_subscription;
}

static bool names_beta(const struct header *header, const char *beta)
{
    return memmem(header->value, header->value_length, beta, strlen(beta)) != NULL;
}

void picker_find_sort(struct exchange *exchange)
{
    const struct rotation *rotation = &exchange->roster->rotation;
    const char *at = buffer_text(&exchange->head);
    struct header header;
    exchange->of_subscription = exchange->of_long_context = false;
    while (head_next_named(&at, "anthropic-beta", &header)) {
        exchange->of_subscription |= names_beta(&header, OAUTH_BETA);
        exchange->of_long_context |= names_beta(&header, LONG_BETA);
    }
    exchange->has_sort = false;
    for (size_t i = 0; i < rotation->count; i++) {
        const struct key *key = rotation->candidates[i].key;
        exchange->has_sort |= !key->disabled && !key->left_out && kind_is_anthropic(&key->kind) &&
                              kind_is_subscription(&key->kind) == exchange->of_subscription;
    }
}

/* A subscription serves Claude Code alone; another program's request would be refused, and the key
 * be blamed for it. */
bool picker_widen(struct exchange *exchange)
{
    bool may = exchange->of_subscription || exchange_is_claude(exchange);
    if (!exchange->has_sort || exchange->no_master || !may)
        return false;
    exchange->has_sort = false;
    return true;
}

bool picker_name_object(const struct exchange *exchange, char ret_id[PICKER_OBJECT])
{
    const char *object = *exchange->route.object ? exchange->route.object : exchange->id.object;
    if (!*object)
        return false;
    snprintf(ret_id, PICKER_OBJECT, "object:%s", object);
    return true;
}

/* What the request is bound to: a key that was picked by hand, or the key that made an object which
 * it names. */
const char *picker_find_pin(const struct exchange *exchange, bool *ret_bound)
{
    const struct holder *made = NULL;
    char object[PICKER_OBJECT];
    *ret_bound = false;
    if (picker_name_object(exchange, object))
        made = holder_find(&exchange->gateway->holders, object);
    if (made && keyring_find(&exchange->roster->keyring, made->key)) {
        *ret_bound = true;
        return made->key;
    }
    return *exchange->id.key ? exchange->id.key : exchange->gateway->pinned;
}

/* In the form of "--model": a request does not name the long context with the model. */
static void name_model(struct exchange *exchange)
{
    const char *model = exchange->id.model;
    if (exchange->of_long_context && *model)
        snprintf(exchange->model, sizeof exchange->model, "%s[1m]", model);
    else
        text_copy(exchange->model, sizeof exchange->model, model);
}

/* A list of models or a file is asked for without one, and any key that does not rest as a whole
 * has it. */
static const char *model_of(const struct exchange *exchange)
{
    if (*exchange->model)
        return exchange->model;
    return strcmp(exchange->method, "POST") == 0 ? NULL : "";
}

struct demand picker_demand(struct exchange *exchange)
{
    bool bound;
    name_model(exchange);
    return (struct demand){.model = model_of(exchange),
                           .pinned = picker_find_pin(exchange, &bound),
                           .can_use = is_of_provider,
                           .can_use_context = exchange,
                           .max_per_key = (size_t)exchange->roster->policy.max_per_key};
}

/* A key without a secret, or for a program whose provider we do not know, cannot be used. */
bool picker_is_of_use(const struct roster *roster, const struct candidate *candidate)
{
    return secrets_may_have(roster, candidate) && roster_base(candidate->key);
}

bool picker_was_tried(const struct exchange *exchange, const struct candidate *candidate)
{
    for (size_t i = 0; i < exchange->tried_count; i++)
        if (exchange->tried[i] == candidate)
            return true;
    return false;
}

static bool is_nearly_full(const struct exchange *exchange, size_t i)
{
    const struct candidate *candidate = &exchange->roster->rotation.candidates[i];
    const struct state *state = book_state(exchange->gateway);
    return record_fullest(state_find(&state->keys, candidate->id), time(NULL)) >= USAGE_NEARLY_FULL;
}

/* Keys that this request must not be sent with, though nothing is wrong with them. `list` has room
 * for all keys. */
size_t picker_list_passed_over(const struct exchange *exchange, bool spare_full,
                               struct candidate **list)
{
    struct rotation *rotation = &exchange->roster->rotation;
    size_t count = 0;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        struct candidate *candidate = &rotation->candidates[i];
        bool is_master = i == rotation->count;
        if (picker_was_tried(exchange, candidate) ||
            budget_is_spent(exchange->gateway, exchange->roster, candidate) ||
            !picker_is_of_use(exchange->roster, candidate) ||
            (!is_master && !picker_is_of_sort(exchange, candidate)) ||
            (is_master && !bridge_serves(exchange, candidate->key)) ||
            (!is_master && spare_full && is_nearly_full(exchange, i)))
            list[count++] = candidate;
    }
    return count;
}
