#include "gateway/desk.h"

#include "base/json.h"
#include "config.h"
#include "core/gateway/control.h"
#include "core/show/account.h"
#include "core/show/prometheus.h"
#include "gateway/book.h"
#include "gateway/errand.h"
#include "gateway/exchange.h"
#include "gateway/front.h"
#include "gateway/gateway.h"
#include "gateway/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_HEAD "content-type: application/json\ncache-control: no-store\n"
#define TEXT_HEAD                                                                                  \
    "content-type: text/plain; version=0.0.4; charset=utf-8\ncache-control: no-store\n"

/* One look at the pool. */
struct look {
    const struct gateway *gateway;
    const struct rotation *rotation;
    const struct state *state;
    int64_t now;
    size_t counts[ACCOUNT_STATES]; /* of the pool's keys, without the master */
};

bool desk_survey(struct gateway *gateway)
{
    const struct demand demand = {0};
    gateway->roster_looked = 0;
    gateway_renew_roster(gateway);
    struct rotation *rotation = &gateway->roster->rotation;
    /* Forget which keys the last request tried: that says nothing about a key's standing. */
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        rotation->candidates[i].tried = false;
    return book_survey(gateway, gateway->roster, &demand);
}

static bool look_at(struct gateway *gateway, struct look *ret_look)
{
    if (!desk_survey(gateway))
        return false;
    struct look look = {
        gateway, &gateway->roster->rotation, book_state(gateway), book_now(gateway), {0}};
    for (size_t i = 0; i < look.rotation->count; i++)
        look.counts[account_state_of(&look.rotation->candidates[i], look.now)]++;
    *ret_look = look;
    return true;
}

static bool is_master(const struct look *look, size_t i)
{
    return i == look->rotation->count;
}

static size_t accounts(const struct look *look)
{
    return look->rotation->count + look->rotation->has_master;
}

static cJSON *describe(const struct look *look, size_t i)
{
    return account_describe(&look->rotation->candidates[i], look->state, is_master(look, i),
                            look->now);
}

static cJSON *begin(const struct look *look)
{
    cJSON *root = cJSON_CreateObject();
    json_set_integer(root, "version", 1);
    json_set_integer(root, "now", look->now);
    return root;
}

static void set_list(cJSON *root, const struct look *look)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < accounts(look); i++)
        cJSON_AddItemToArray(list, describe(look, i));
    json_set(root, "accounts", list);
}

static void set_counts(cJSON *root, const struct look *look)
{
    json_set_integer(root, "total", (int64_t)look->rotation->count);
    for (int state = 0; state < ACCOUNT_STATES; state++)
        json_set_integer(root, account_state_name((enum account_state)state),
                         (int64_t)look->counts[state]);
}

static const struct candidate *find_next(const struct look *look)
{
    struct rotation *rotation = &look->gateway->roster->rotation;
    const struct candidate *next = rotation_choose(rotation, state_cursor(look->state, NULL));
    return next ? next : rotation_master(rotation);
}

static cJSON *status(const struct look *look)
{
    cJSON *root = begin(look);
    const struct candidate *next = find_next(look);
    set_counts(root, look);
    json_set(root, "next", next ? cJSON_CreateString(next->key->name) : cJSON_CreateNull());
    json_set_integer(root, "requests_open", (int64_t)gateway_requests(look->gateway));
    set_list(root, look);
    return root;
}

static cJSON *list(const struct look *look)
{
    cJSON *root = begin(look);
    set_list(root, look);
    return root;
}

/* For a monitor that asks whether requests can be sent here: 503 while no key could serve one. */
static cJSON *health(const struct look *look, int *ret_status)
{
    cJSON *root = begin(look);
    bool serves = find_next(look) != NULL;
    json_set_string(root, "status", serves ? "ok" : "unavailable");
    json_set_string(root, "gateway", TCR_VERSION);
    set_counts(root, look);
    *ret_status = serves ? 200 : 503;
    return root;
}

static void out_of_memory(struct exchange *exchange)
{
    (void)refusal_set(exchange, 503, "the gateway is out of memory", "retry-after: 5\n");
}

/* Takes ownership of the object. */
static void answer_json(struct exchange *exchange, int code, cJSON *json)
{
    char *text = json ? json_print(json, true) : NULL;
    if (!text || !front_set_whole_answer(exchange, code, JSON_HEAD, text, strlen(text)))
        out_of_memory(exchange);
    json_free_text(text);
    json_destroy(json);
}

static void answer_metrics(struct exchange *exchange, const struct look *look)
{
    const struct gateway *gateway = exchange->gateway;
    const struct news *news = &gateway->news;
    struct prometheus_served *served = calloc(news->served_count + 1, sizeof *served);
    struct buffer text = {0};
    if (!served) {
        out_of_memory(exchange);
        return;
    }
    for (size_t i = 0; i < news->served_count; i++)
        served[i] = (struct prometheus_served){news->served[i].name, news->served[i].requests};
    const struct prometheus_gateway numbers = {.version = TCR_VERSION,
                                               .served = served,
                                               .served_count = news->served_count,
                                               .refused = news->refused,
                                               .open = gateway_requests(gateway),
                                               .connections = front_visitors(gateway->front)};
    prometheus_append(&text, look->rotation, look->state, look->now);
    prometheus_append_gateway(&text, &numbers);
    if (text.failed ||
        !front_set_whole_answer(exchange, 200, TEXT_HEAD, buffer_text(&text), text.length))
        out_of_memory(exchange);
    buffer_finish(&text);
    free(served);
}

static bool find(const struct look *look, const char *name, size_t *ret_i)
{
    for (size_t i = 0; i < accounts(look); i++) {
        if (strcmp(look->rotation->candidates[i].key->name, name) != 0)
            continue;
        *ret_i = i;
        return true;
    }
    return false;
}

static void answer_errand(struct exchange *exchange, const char *name, bool done, const char *words)
{
    char copy[2048];
    struct look look;
    size_t i;
    snprintf(copy, sizeof copy, "%s", words);
    const char *said = errand_last_sentence(copy);
    if (!done || !look_at(exchange->gateway, &look)) {
        exchange->own_status = 409;
        buffer_append_text(&exchange->own_answer, *said ? said : "it could not be done");
        return;
    }
    cJSON *root = cJSON_CreateObject();
    json_set_string(root, "message", said);
    json_set(root, "account", find(&look, name, &i) ? describe(&look, i) : cJSON_CreateNull());
    char *text = json_print(root, true);
    buffer_append_text(&exchange->own_answer, text ? text : "{}");
    exchange->own_status = 200;
    json_free_text(text);
    json_destroy(root);
}

static void answer_account(struct exchange *exchange, const struct look *look,
                           const struct control *control)
{
    size_t i;
    if (!find(look, control->name, &i)) {
        (void)refusal_set(exchange, 404, "there is no such account in the pool", "");
        return;
    }
    if (control->id == CONTROL_ACCOUNT) {
        answer_json(exchange, 200, describe(look, i));
        return;
    }
    const char *const reset[] = {"reset"}, *const other[] = {"keys", control->action};
    const char *name = control->name;
    bool resets = strcmp(control->action, "reset") == 0;
    const struct errand_plan plan = {.words = resets ? reset : other,
                                     .word_count = resets ? 1 : 2,
                                     .names = &name,
                                     .name_count = 1,
                                     .name = name,
                                     .answer = answer_errand};
    int r = errand_start(exchange, &plan);
    if (r == -EAGAIN)
        (void)refusal_set(exchange, 503, "too many changes are under way", "retry-after: 2\n");
    else if (r < 0)
        (void)refusal_set(exchange, 500, "tcr-run could not be started for it", "");
}

static void answer(struct exchange *exchange, const struct look *look,
                   const struct control *control)
{
    int code = 200;
    cJSON *json = NULL;
    switch (control->id) {
    case CONTROL_METRICS:
        answer_metrics(exchange, look);
        return;
    case CONTROL_ACCOUNT:
    case CONTROL_ACTION:
        answer_account(exchange, look, control);
        return;
    case CONTROL_HEALTH:
        json = health(look, &code);
        break;
    case CONTROL_ACCOUNTS:
        json = list(look);
        break;
    default:
        json = status(look);
        break;
    }
    answer_json(exchange, code, json);
}

void desk_ask(struct exchange *exchange)
{
    struct control control = {0};
    struct look look;
    char head[64];
    (void)control_read(exchange->method, exchange->target, &control);
    if (control.id == CONTROL_METHOD) {
        snprintf(head, sizeof head, "allow: %s\n", control.allowed);
        (void)refusal_set(exchange, 405, "the gateway has another method for this", head);
    } else if (control.id == CONTROL_UNKNOWN) {
        (void)refusal_set(exchange, 404,
                          "below /status there are /status/accounts, /status/accounts/NAME, and "
                          "POST of refresh, enable, disable and reset below that",
                          "");
    } else if (!look_at(exchange->gateway, &look)) {
        out_of_memory(exchange);
    } else {
        answer(exchange, &look, &control);
    }
}
