#include "gateway/page_change.h"

#include "base/json.h"
#include "core/gateway/pagebody.h"
#include "gateway/errand.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/page.h"
#include "gateway/page_state.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAID 8192

/* ---- what is answered ---- */

static void tell(struct exchange *exchange, int status, bool ok, const char *text)
{
    cJSON *root = cJSON_CreateObject();
    json_set(root, "ok", cJSON_CreateBool(ok));
    json_set_string(root, "text", text);
    char *printed = json_print(root, false);
    buffer_append_text(&exchange->own_answer, printed ? printed : "{}");
    exchange->own_status = status;
    json_free_text(printed);
    json_destroy(root);
    page_events_poke(exchange->gateway);
}

static void answer(struct exchange *exchange, int status, bool done, const char *words)
{
    char copy[SAID];
    snprintf(copy, sizeof copy, "%s", words);
    const char *said = errand_last_sentence(copy);
    if (done) {
        tell(exchange, status, true, said);
        return;
    }
    exchange->own_status = 409;
    buffer_append_text(&exchange->own_answer, *said ? said : "it could not be done");
}

static void answer_change(struct exchange *exchange, const char *name, bool done, const char *words)
{
    (void)name;
    answer(exchange, 200, done, words);
}

static void answer_addition(struct exchange *exchange, const char *name, bool done,
                            const char *words)
{
    (void)name;
    answer(exchange, 201, done, words);
}

/* Whether the key is valid is an answer, too; only a check that was not made is an error. */
static void answer_test(struct exchange *exchange, const char *name, bool done, const char *words)
{
    struct buffer text = {0};
    bool valid = false;
    if (pagebody_tell_check(words, &valid, &text))
        tell(exchange, 200, valid, buffer_text(&text));
    else
        answer_change(exchange, name, false, done ? "the check said nothing" : words);
    buffer_finish(&text);
}

/* ---- what is started ---- */

static void begin(struct exchange *exchange, const struct errand_plan *plan)
{
    int r = errand_start(exchange, plan);
    if (r == -EAGAIN)
        page_refuse(exchange, 503, "too many changes are under way; try again in a moment");
    else if (r < 0)
        page_refuse(exchange, 500, "tcr-run could not be started for it");
}

static bool has_key(const struct gateway *gateway, const char *name)
{
    const struct rotation *rotation = &gateway->roster->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (strcmp(rotation->candidates[i].key->name, name) == 0)
            return true;
    return false;
}

static void act(struct exchange *exchange, const struct pageroute *route)
{
    const char *name = route->name;
    bool tests = strcmp(route->action, "test") == 0, resets = strcmp(route->action, "reset") == 0;
    const char *const test[] = {"keys", "check", "--json", "--timeout=30s"};
    const char *const reset[] = {"reset"};
    const char *const other[] = {"keys", route->action};
    const struct errand_plan plan = {.words = tests    ? test
                                              : resets ? reset
                                                       : other,
                                     .word_count = tests    ? 4
                                                   : resets ? 1
                                                            : 2,
                                     .names = &name,
                                     .name_count = 1,
                                     .name = name,
                                     .answer = tests ? answer_test : answer_change};
    if (has_key(exchange->gateway, name))
        begin(exchange, &plan);
    else
        page_refuse(exchange, 404, "there is no such key; the page may be older than the key file");
}

/* After those whose order somebody has set: a new key does not come first unseen. */
static int64_t last_priority(const struct gateway *gateway)
{
    const struct rotation *rotation = &gateway->roster->rotation;
    int64_t last = 0;
    for (size_t i = 0; i < rotation->count; i++)
        if (rotation->candidates[i].key->priority > last)
            last = rotation->candidates[i].key->priority;
    return last > 0 && last < INT32_MAX ? last + 1 : 0;
}

static void add(struct exchange *exchange, const cJSON *body)
{
    struct buffer error = {0};
    struct pagebody_key key;
    if (pagebody_read_key(body, &key, &error) < 0) {
        page_refuse(exchange, 400, buffer_text(&error));
        buffer_finish(&error);
        return;
    }
    char kind[96], base_url[ADDRESS_TEXT + 16], priority[40];
    const char *words[5] = {"keys", "add"};
    struct errand_plan plan = {.words = words,
                               .word_count = 2,
                               .names = &key.name,
                               .name_count = 1,
                               .name = key.name,
                               .input = key.secret,
                               .answer = answer_addition};
    int64_t order = key.has_priority ? key.priority : last_priority(exchange->gateway);
    snprintf(kind, sizeof kind, "--kind=%s", key.kind ? key.kind : "");
    snprintf(base_url, sizeof base_url, "--base-url=%s", key.base_url);
    snprintf(priority, sizeof priority, "--priority=%lld", (long long)order);
    if (key.kind)
        words[plan.word_count++] = kind;
    if (*key.base_url)
        words[plan.word_count++] = base_url;
    if (order != 0)
        words[plan.word_count++] = priority;
    begin(exchange, &plan);
}

/* The pool's names as the page has them; the master may stand at their end. */
static bool names_match(const struct gateway *gateway, const char **names, size_t *count)
{
    const struct rotation *rotation = &gateway->roster->rotation;
    if (rotation->has_master && *count > 0 && *count - 1 == rotation->count &&
        strcmp(names[*count - 1], rotation->candidates[rotation->count].key->name) == 0)
        (*count)--;
    if (*count != rotation->count)
        return false;
    for (size_t i = 0; i < rotation->count; i++) {
        size_t times = 0;
        for (size_t k = 0; k < *count; k++)
            times += strcmp(names[k], rotation->candidates[i].key->name) == 0;
        if (times != 1)
            return false;
    }
    return true;
}

static void order(struct exchange *exchange, const cJSON *body)
{
    static const char *const words[] = {"keys", "order"};
    const cJSON *list = json_get(body, "names"), *item;
    size_t count = 0;
    const char **names =
        cJSON_IsArray(list) ? calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *names) : NULL;
    bool fine = names != NULL;
    if (fine)
        cJSON_ArrayForEach (item, list) {
            names[count] = cJSON_GetStringValue(item);
            fine &= names[count++] != NULL;
        }
    if (fine && names_match(exchange->gateway, names, &count)) {
        const struct errand_plan plan = {.words = words,
                                         .word_count = 2,
                                         .names = names,
                                         .name_count = count,
                                         .name = "",
                                         .answer = answer_change};
        begin(exchange, &plan);
    } else {
        page_refuse(exchange, 400,
                    "expected {\"names\": [...]} with each key of the pool once; the key file may "
                    "have changed meanwhile");
    }
    free(names);
}

static void set_fallback(struct exchange *exchange, const cJSON *body)
{
    static const char *const words[] = {"keys", "fallback"};
    struct buffer rules = {0}, error = {0};
    int r = pagebody_read_fallback(body, &rules, &error);
    const char *text = buffer_text(&rules);
    const struct errand_plan plan = {.words = words,
                                     .word_count = 2,
                                     .names = &text,
                                     .name_count = 1,
                                     .name = "",
                                     .answer = answer_change};
    if (r == 0)
        begin(exchange, &plan);
    else
        page_refuse(exchange, r == -EINVAL ? 400 : 503,
                    r == -EINVAL ? buffer_text(&error) : "the gateway is out of memory");
    buffer_finish(&rules);
    buffer_finish(&error);
}

/* ---- */

static bool writes(const struct pageroute *route)
{
    return route->id != PAGE_ACTION ||
           (strcmp(route->action, "test") != 0 && strcmp(route->action, "reset") != 0);
}

void page_change_ask(struct exchange *exchange, const struct pageroute *route)
{
    struct body *bytes = &exchange->body;
    struct gateway *gateway = exchange->gateway;
    gateway->roster_looked = 0; /* what was changed a moment ago counts */
    gateway_renew_roster(gateway);
    const char *why = writes(route) ? page_state_why_not(gateway) : NULL;
    cJSON *body = bytes->length > 0 ? json_parse(bytes->bytes, bytes->length, NULL) : NULL;
    if (bytes->bytes)
        sodium_memzero(bytes->bytes, bytes->length);
    if (why)
        page_refuse(exchange, 409, why);
    else if (route->id == PAGE_ACTION)
        act(exchange, route);
    else if (!cJSON_IsObject(body))
        page_refuse(exchange, 400, "expected an object in JSON");
    else if (route->id == PAGE_ADD)
        add(exchange, body);
    else if (route->id == PAGE_ORDER)
        order(exchange, body);
    else
        set_fallback(exchange, body);
    json_destroy(body);
}
