#include "gateway/exchange.h"

#include "base/head.h"
#include "base/text.h"
#include "gateway/agent.h"
#include "gateway/delivery.h"
#include "gateway/desk.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/guests.h"
#include "gateway/metering.h"
#include "gateway/page.h"
#include "gateway/page_events.h"
#include "gateway/picker.h"
#include "gateway/refusal.h"
#include "gateway/try.h"
#include "system/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The deadline for clients that do not give one. */
#define DEADLINE_SECONDS 600
#define DEADLINE_MOST    7200
/* How much memory an announced body gets at once. */
#define EXPECTED_MOST ((size_t)1 << 20)

static void timer_due(void *context)
{
    struct exchange *exchange = context;
    exchange->timer_came = true;
    exchange_mark(exchange);
}

struct exchange *exchange_create(struct gateway *gateway, struct visitor *visitor,
                                 const char *target)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    /* Set one by one: the struct is large, and calloc has zeroed it. */
    exchange->gateway = gateway;
    exchange->number = ++gateway->exchanges;
    exchange->visitor = visitor;
    exchange->visit = visitor->number;
    exchange->target = strdup(target);
    exchange->body.bodies = &gateway->bodies;
    exchange->begun = clock_now_ms();
    exchange->timer = (struct timer){.due = timer_due, .context = exchange};
    if (!exchange->target) {
        free(exchange);
        return NULL;
    }
    gateway->exchange_count++;
    exchange->next = gateway->all;
    exchange->link = &gateway->all;
    if (exchange->next)
        exchange->next->link = &exchange->next;
    gateway->all = exchange;
    return exchange;
}

void exchange_destroy(struct exchange *exchange)
{
    exchange->gateway->exchange_count--;
    *exchange->link = exchange->next;
    if (exchange->next)
        exchange->next->link = exchange->link;
    timer_stop(&exchange->gateway->timers, &exchange->timer);
    try_destroy(exchange->try);
    agent_leave(exchange);
    page_events_leave(exchange);
    front_drop_answer(exchange);
    body_finish(&exchange->body);
    pending_finish(&exchange->pending);
    pending_finish(&exchange->pings);
    eventstream_finish(&exchange->stream);
    tokens_finish(&exchange->tokens);
    delivery_drop_refusal(exchange);
    picker_give_back(exchange);
    bridge_finish(&exchange->bridge);
    roster_release(exchange->roster);
    buffer_finish(&exchange->head);
    buffer_finish(&exchange->own_answer);
    free(exchange->tried);
    free(exchange->target);
    free(exchange);
}

bool exchange_is_claude(const struct exchange *exchange)
{
    char agent[64];
    if (!exchange->visitor || !exchange->visitor->guard->token)
        return true;
    (void)head_value(buffer_text(&exchange->head), "user-agent", agent, sizeof agent);
    return strncasecmp(agent, "claude-cli", strlen("claude-cli")) == 0;
}

void exchange_mark(struct exchange *exchange)
{
    if (exchange->is_ready)
        return;
    struct gateway *gateway = exchange->gateway;
    struct exchange **list = exchange->is_completed ? &gateway->completed : &gateway->ready;
    exchange->is_ready = true;
    exchange->next_ready = *list;
    *list = exchange;
}

/* Sends our own answer once the body has been read: a client that still sends does not read. */
static void refuse(struct exchange *exchange, int status, const char *sentence)
{
    exchange->refused = status;
    exchange->refusal = sentence;
    body_finish(&exchange->body);
}

/* The body is larger than we accept, or its end is not clear. The answer is sent before the body is
 * read, and libmicrohttpd then closes the connection. */
static void refuse_early(struct exchange *exchange, int status, const char *sentence)
{
    refuse(exchange, status, sentence);
    exchange->answer_early = refusal_set(exchange, status, sentence, "");
    exchange->state = ANSWERING;
}

static const char too_large[] = "the request is larger than 64 MiB, which is the most that the "
                                "gateway takes";
static const char no_room[] = "the gateway holds as much as it can of other requests; try again in "
                              "a moment";

static size_t largest_body(const struct exchange *exchange)
{
    return exchange->route.id == ROUTE_PAGE ? PAGE_BODY_LARGEST : BODY_LARGEST;
}

static const char *sentence_of_largest(const struct exchange *exchange)
{
    return exchange->route.id == ROUTE_PAGE
               ? "the request is larger than 64 KiB, which is the most that the page takes"
               : too_large;
}

static void expect_body(struct exchange *exchange)
{
    char text[32];
    if (!head_value(buffer_text(&exchange->head), "content-length", text, sizeof text))
        return;
    errno = 0;
    unsigned long long length = strtoull(text, NULL, 10);
    if (errno != 0 || length > largest_body(exchange))
        refuse_early(exchange, 413, sentence_of_largest(exchange));
    else if (!exchange->refused && length > 0 && length <= EXPECTED_MOST)
        (void)body_expect(&exchange->body, (size_t)length);
}

static int64_t read_deadline(const char *head)
{
    char text[32];
    if (!head_value(head, "x-stainless-timeout", text, sizeof text))
        return DEADLINE_SECONDS;
    long seconds = strtol(text, NULL, 10);
    return seconds <= 0 ? DEADLINE_SECONDS : seconds > DEADLINE_MOST ? DEADLINE_MOST : seconds;
}

/* Claude Code works in the owner's folder, and its use of keys is not counted towards a user's
 * limits. */
static bool is_of_owner(enum route_id id)
{
    return id == ROUTE_USAGE || id == ROUTE_CONTROL || id == ROUTE_AGENT || id == ROUTE_PAGE;
}

void exchange_receive_head(struct exchange *exchange, const char *method, struct buffer *head,
                           bool clear)
{
    exchange->head = *head;
    *head = (struct buffer){0};
    const char *text = buffer_text(&exchange->head);
    text_copy(exchange->method, sizeof exchange->method, method);
    exchange->deadline = exchange->begun + read_deadline(text) * 1000;
    timer_set(&exchange->gateway->timers, &exchange->timer, exchange->deadline);
    route_find(method, exchange->target, &exchange->route);
    sessionid_read_head(text, &exchange->id);
    enum guard_verdict verdict =
        clear ? guard_check(exchange->visitor->guard, method, exchange->target, text)
              : GUARD_FRAMING;
    if (verdict == GUARD_TOKEN && guests_enter(exchange))
        verdict = GUARD_ADMITTED;
    int status = guard_status(verdict);
    const char *sentence =
        verdict == GUARD_TOKEN ? guests_sentence(exchange) : guard_sentence(verdict);
    if (exchange->route.id == ROUTE_PAGE && !exchange->gateway->page)
        exchange->route.id = ROUTE_OTHER;
    if (exchange->route.id == ROUTE_PAGE)
        status = page_judge(exchange, verdict, &sentence);
    if (exchange->head.failed)
        refuse(exchange, 503, "the gateway is out of memory");
    else if (verdict == GUARD_FRAMING)
        refuse_early(exchange, status, sentence);
    else if (status != guard_status(GUARD_ADMITTED))
        refuse(exchange, status, sentence);
    else if (exchange->head.length + strlen(exchange->target) > FRONT_HEAD)
        refuse(exchange, 431, "the head of the request is larger than 8 KiB");
    else if (*exchange->user && is_of_owner(exchange->route.id))
        refuse(exchange, 403,
               "usage, accounts and Claude Code as a service are the gateway's owner's alone");
    else if (strlen(method) >= sizeof exchange->method)
        refuse(exchange, 400, "the method of the request is too long");
    expect_body(exchange);
}

void exchange_receive(struct exchange *exchange, const char *bytes, size_t length)
{
    if (exchange->refused)
        return;
    if (length > largest_body(exchange) - exchange->body.length) {
        refuse(exchange, 413, sentence_of_largest(exchange));
        return;
    }
    switch (body_append(&exchange->body, bytes, length)) {
    case BODY_KEPT:
        break;
    case BODY_TOO_LARGE:
        refuse(exchange, 413, too_large);
        break;
    case BODY_NO_ROOM:
        refuse(exchange, 503, no_room);
        break;
    }
}

/* Our own answers are sent in the same call, without another round of the loop. */
void exchange_receive_end(struct exchange *exchange)
{
    exchange->body_whole = true;
    if (exchange->refused)
        (void)refusal_set(exchange, exchange->refused, exchange->refusal,
                          exchange->refused == 503 ? "retry-after: 5\n" : "");
    else if (exchange->route.id == ROUTE_PROBE)
        (void)refusal_set_greeting(exchange);
    else if (exchange->route.id == ROUTE_USAGE)
        metering_ask(exchange);
    else if (exchange->route.id == ROUTE_CONTROL)
        desk_ask(exchange);
    else if (exchange->route.id == ROUTE_PAGE)
        page_ask(exchange);
    if (exchange->response)
        exchange->state = exchange->page_stream ? WATCHING : ANSWERING;
    else if (exchange->route.id == ROUTE_USAGE || exchange->route.id == ROUTE_CONTROL ||
             exchange->route.id == ROUTE_PAGE)
        exchange->state = CONSULTING;
    else
        exchange_mark(exchange);
}

void exchange_lost_client(struct exchange *exchange)
{
    exchange->client_gone = true;
    exchange_mark(exchange);
}

void exchange_abandon_all(struct gateway *gateway)
{
    for (struct exchange *exchange = gateway->all; exchange; exchange = exchange->next)
        exchange_lost_client(exchange);
}

void exchange_completed(struct exchange *exchange, bool well)
{
    exchange->is_completed = true;
    exchange->is_suspended = false;
    exchange->client_gone |= !well;
    exchange->visitor = NULL;
    exchange_mark(exchange);
}

void exchange_note_out(struct exchange *exchange, enum retry_out out)
{
    /* The head and the pings of a request that waits say nothing yet: a key's answer can still be
     * anything. */
    bool counts = !exchange->is_open || exchange->state == STREAMING || exchange->state == DRAINING;
    if (counts && exchange->out < out)
        exchange->out = out;
}

size_t exchange_read(struct exchange *exchange, char *to, size_t most)
{
    if (exchange->pings.length > 0)
        return pending_take(&exchange->pings, to, most);
    if (exchange->state != STREAMING && exchange->state != DRAINING && exchange->state != WORKING &&
        exchange->state != WATCHING)
        return 0;
    size_t taken = pending_take(&exchange->pending, to, most);
    if (taken > 0)
        exchange_note_out(exchange, BODY_OUT);
    if (taken > 0)
        page_events_moved(exchange);
    bool is_paused = (exchange->try && exchange->try->is_paused) || exchange->agent;
    if (is_paused && exchange->pending.length < PENDING_LOW)
        exchange_mark(exchange);
    return taken;
}

enum answer_end exchange_end(const struct exchange *exchange)
{
    switch (exchange->state) {
    case STREAMING:
    case WORKING:
    case WATCHING:
        return ANSWER_GOES_ON;
    case DRAINING:
        return exchange->is_broken ? ANSWER_BROKEN : ANSWER_WHOLE;
    case HOLDING:
    case CHOOSING:
    case ASKING:
    case JUDGING:
        return exchange->is_open ? ANSWER_GOES_ON : ANSWER_BROKEN;
    default:
        return ANSWER_BROKEN;
    }
}

enum taken exchange_take(struct exchange *exchange, const char *bytes, size_t length)
{
    exchange->moved = clock_now_ms();
    if (exchange->pending.length > 0 && exchange->pending.length + length > PENDING_HIGH) {
        exchange_mark(exchange);
        return NOT_YET;
    }
    metering_read(exchange, bytes, length);
    if (exchange->bridge.reply ? !bridge_take(exchange, bytes, length)
                               : !pending_append(&exchange->pending, bytes, length))
        return NO_MEMORY;
    if (exchange->is_stream)
        (void)eventstream_feed(&exchange->stream, bytes, length);
    exchange_mark(exchange);
    return TAKEN;
}

void exchange_visitor_left(struct gateway *gateway, uint64_t number)
{
    char id[PICKER_SESSION];
    picker_name_connection(number, id);
    holder_end(&gateway->holders, id);
}

void exchange_take_head(struct exchange *exchange, const char *head)
{
    char type[128];
    (void)head_value(head, "content-type", type, sizeof type);
    exchange->is_stream = eventstream_is_type(type);
    eventstream_finish(&exchange->stream);
    if (exchange->is_stream)
        eventstream_init(&exchange->stream, bridge_stream(exchange));
    tokens_finish(&exchange->tokens);
    tokens_begin(&exchange->tokens);
    picker_note_answer(exchange, head);
    exchange_try_moved(exchange);
}

void exchange_try_moved(struct exchange *exchange)
{
    exchange->moved = clock_now_ms();
    exchange_mark(exchange);
}

static void step_all(struct exchange **marked)
{
    struct exchange *list = *marked;
    *marked = NULL;
    for (struct exchange *exchange = list, *next; exchange; exchange = next) {
        next = exchange->next_ready;
        exchange->is_ready = false;
        exchange_step(exchange);
        if (exchange->state == ENDED && exchange->is_completed && !exchange->is_ready)
            exchange_destroy(exchange);
    }
}

void exchange_settle(struct gateway *gateway)
{
    step_all(&gateway->ready);
}

void exchange_settle_completed(struct gateway *gateway)
{
    step_all(&gateway->completed);
}
