#include "gateway/metering.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "core/gateway/prices.h"
#include "core/show/usagequery.h"
#include "gateway/budget.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/page_events.h"
#include "gateway/refusal.h"
#include "system/clock.h"
#include "system/log.h"
#include "system/usage/pricefile.h"
#include "system/usage/usagewriter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOSE_MS 3000

#define STATUS_CLIENT_LEFT 499 /* the number that other proxies log */
#define STATUS_CUT         502

struct metering {
    struct usagewriter *writer;
    struct watch watch;
    struct prices prices;
};

static void say_word(struct gateway *gateway)
{
    struct buffer word;
    usagewriter_take_word(gateway->metering->writer, &word);
    if (word.length > 0)
        news_warn(&gateway->news, buffer_text(&word));
    buffer_finish(&word);
}

static struct exchange *find_consulting(const struct gateway *gateway, uint64_t number)
{
    struct exchange *exchange = gateway->all;
    while (exchange && (exchange->number != number || exchange->state != CONSULTING))
        exchange = exchange->next;
    return exchange;
}

/* The client that asked may be gone. */
static void take_report(struct gateway *gateway, uint64_t number, int error,
                        const struct usage_report *report, const struct buffer *why)
{
    struct exchange *exchange = find_consulting(gateway, number);
    if (!exchange)
        return;
    struct buffer *text = &exchange->own_answer;
    exchange->own_status = error < 0 ? 503 : 200;
    if (error < 0)
        buffer_append_format(text, "the usage cannot be read: %s", buffer_text(why));
    else if (exchange->own_is_csv)
        usagetext_append_csv(text, report);
    else
        usagetext_append_json(text, report);
    if (text->failed)
        exchange->own_status = 503;
    exchange_mark(exchange);
}

static void take_news(void *context, uint32_t events)
{
    struct gateway *gateway = context;
    struct usage_report report;
    struct buffer why;
    uint64_t number;
    int error;
    (void)events;
    say_word(gateway);
    while (usagewriter_answer(gateway->metering->writer, &number, &report, &error, &why)) {
        take_report(gateway, number, error, &report, &why);
        usage_report_finish(&report);
        buffer_finish(&why);
    }
}

static int begin(struct gateway *gateway, const char *path, int64_t keep_seconds)
{
    struct metering *metering = calloc(1, sizeof *metering);
    const struct usagewriter_plan plan = {.path = path, .keep = keep_seconds};
    if (!metering)
        return -ENOMEM;
    gateway->metering = metering;
    int r = usagewriter_open(&plan, &metering->writer);
    if (r < 0)
        return r;
    metering->watch = (struct watch){usagewriter_fd(metering->writer), POLLIN, take_news, gateway};
    r = loop_add(&gateway->loop, &metering->watch);
    struct buffer error = {0};
    if (r == 0 && pricefile_read(&metering->prices, &error) < 0)
        log_warn("gateway: %s; the prices that are built in count", buffer_text(&error));
    buffer_finish(&error);
    return r;
}

int metering_open(struct gateway *gateway, int64_t keep_seconds)
{
    CLEANUP_FREE char *path = keep_seconds == 0 ? NULL : usagefile_path();
    return path ? begin(gateway, path, keep_seconds) : 0;
}

void metering_close(struct gateway *gateway)
{
    struct metering *metering = gateway->metering;
    if (!metering)
        return;
    if (metering->watch.context) {
        loop_remove(&gateway->loop, &metering->watch);
        say_word(gateway);
    }
    usagewriter_close(metering->writer, CLOSE_MS);
    prices_finish(&metering->prices);
    free(metering);
    gateway->metering = NULL;
}

/* Requests whose answers tell what they used. */
static bool is_billable(const struct exchange *exchange)
{
    return exchange->route.id == ROUTE_MESSAGES || exchange->route.id == ROUTE_OPENAI;
}

void metering_read(struct exchange *exchange, const char *bytes, size_t length)
{
    const struct gateway *gateway = exchange->gateway;
    if ((gateway->metering || page_events_any(gateway)) && is_billable(exchange))
        tokens_feed(&exchange->tokens, bytes, length);
}

static int status_of(const struct exchange *exchange)
{
    if (exchange->is_cut && exchange->answer_status < 400)
        return STATUS_CUT;
    if (exchange->client_gone)
        return STATUS_CLIENT_LEFT;
    return exchange->answer_status;
}

static void name_models(const struct exchange *exchange, struct usage_row *row)
{
    const struct bridge *bridge = &exchange->bridge;
    const char *asked = *bridge->asked ? bridge->asked : exchange->id.model;
    const char *sent = *bridge->model ? bridge->model : exchange->id.model;
    const char *served = exchange->tokens.tokens.model;
    text_copy(row->asked, sizeof row->asked, asked);
    if (*served || exchange->tokens.tokens.told)
        text_copy(row->served, sizeof row->served, *served ? served : sent);
}

static void count(const struct exchange *exchange, struct usage_row *row)
{
    struct tokens tokens = exchange->tokens.tokens;
    row->billable = is_billable(exchange);
    row->told = tokens.told;
    if (!tokens.told)
        return;
    row->input = tokens.input;
    row->output = tokens.output;
    row->cache_read = tokens.cache_read;
    row->cache_write = tokens.cache_write;
    text_copy(tokens.model, sizeof tokens.model, row->served);
    if (exchange->gateway->metering)
        row->priced = prices_cost(&exchange->gateway->metering->prices, &tokens, &row->cost);
}

/* Requests that were refused, and those that the gateway answers itself, used nothing. */
static bool is_recorded(const struct exchange *exchange)
{
    const struct gateway *gateway = exchange->gateway;
    return (gateway->metering || page_events_any(gateway)) && exchange->roster &&
           !exchange->is_metered;
}

void metering_record(struct exchange *exchange)
{
    struct timespec now;
    if (!is_recorded(exchange))
        return;
    exchange->is_metered = true;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t took = clock_now_ms() - exchange->begun;
    struct usage_row row = {.time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - took,
                            .status = status_of(exchange),
                            .tries = exchange->attempts,
                            .milliseconds = took};
    if (exchange->candidate)
        text_copy(row.key, sizeof row.key, exchange->candidate->key->name);
    text_copy(row.user, sizeof row.user, exchange->user);
    text_copy(row.session, sizeof row.session, exchange->id.session);
    name_models(exchange, &row);
    count(exchange, &row);
    page_events_request(exchange->gateway, &row);
    if (!exchange->gateway->metering)
        return;
    usagewriter_add(exchange->gateway->metering->writer, &row);
    if (exchange->candidate)
        (void)budget_is_spent(exchange->gateway, exchange->roster, exchange->candidate);
}

void metering_watch(struct gateway *gateway, int64_t most_ms)
{
    usagewriter_watch(gateway->metering->writer, most_ms);
}

struct usage_spent metering_spent(struct gateway *gateway, bool of_user, const char *name)
{
    return usagewriter_spent(gateway->metering->writer, of_user, name);
}

/* ---- questions about usage ---- */

/* The machine's own zone. The environment is not touched, because other threads read it. */
static int own_to_civil(const char *zone, int64_t epoch, struct tm *ret_civil)
{
    time_t time = (time_t)epoch;
    if (zone && *zone)
        return -EINVAL;
    return localtime_r(&time, ret_civil) ? 0 : -EOVERFLOW;
}

static int own_to_epoch(const char *zone, const struct tm *civil, int64_t *ret_epoch)
{
    struct tm copy = *civil;
    if (zone && *zone)
        return -EINVAL;
    copy.tm_isdst = -1;
    *ret_epoch = mktime(&copy);
    return 0;
}

const struct zone_ops metering_zone = {own_to_civil, own_to_epoch};

void metering_ask(struct exchange *exchange)
{
    struct metering *metering = exchange->gateway->metering;
    struct usage_query query;
    struct buffer error = {0};
    int r = usagequery_parse(exchange->target, time(NULL), &metering_zone, &query, &error);
    if (r < 0) {
        (void)refusal_set(exchange, 400, buffer_text(&error), "");
    } else if (!metering) {
        (void)refusal_set(exchange, 404, "this gateway records no usage", "");
    } else {
        exchange->own_is_csv = query.is_csv;
        if (usagewriter_ask(metering->writer, exchange->number, &query.question) < 0)
            (void)refusal_set(exchange, 503, "too many ask for the usage", "retry-after: 5\n");
    }
    buffer_finish(&error);
}
