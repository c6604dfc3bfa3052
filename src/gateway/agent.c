#include "core/gateway/forward.h"
#include "gateway/agent_parts.h"
#include "gateway/delivery.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/picker.h"
#include "system/clock.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define BUSY_SECONDS 5
#define BOOK_MS      1500 /* until the book has seen what a run wrote */
/* tcr-run's exit statuses where no key can be used, and where the command is not found. */
#define NO_KEY     75
#define NO_COMMAND 127

static enum exchange_state refuse(struct exchange *exchange, int status, const char *sentence,
                                  int64_t retry_after)
{
    agent_leave(exchange);
    return exchange_refuse(exchange, status, sentence, retry_after);
}

static enum exchange_state run(struct exchange *exchange, const struct agent_policy *policy)
{
    struct agent *agent = agent_create(exchange);
    char model[AGENT_MODEL];
    if (!agent)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", BUSY_SECONDS);
    bool fine =
        agent_request(&agent->translation, exchange->body.length > 0 ? exchange->body.bytes : "",
                      exchange->body.length, model, &agent->prompt);
    dropped_say(exchange->gateway, NULL, agent->translation.notes);
    if (*agent->translation.fault.param) {
        char sentence[TRANSLATION_TEXT];
        snprintf(sentence, sizeof sentence, "%s", agent->translation.fault.text);
        return refuse(exchange, 400, sentence, 0);
    }
    agent->reply = fine ? agent_reply_create(&agent->translation, agent->id, time(NULL)) : NULL;
    int r = agent->reply ? agent_start(agent, policy, model) : -ENOMEM;
    if (r == 0) {
        body_finish(&exchange->body);
        exchange->timer_came = false; /* it may have waited for its turn */
        timer_set(&exchange->gateway->timers, &exchange->timer, exchange->deadline);
        return WORKING;
    }
    log_say("gateway: Claude Code cannot be started in %s: %s", policy->folder, strerror(-r));
    return refuse(exchange, 503, "Claude Code cannot be started; the gateway's log tells why", 0);
}

/* The run that it starts has no terminal. */
static bool lacks_passphrase(const struct gateway *gateway)
{
    return passphrase_is_asked_for() && passphrase_guards(gateway->roster->origin);
}

enum exchange_state agent_begin(struct exchange *exchange)
{
    struct gateway *gateway = exchange->gateway;
    gateway_renew_roster(gateway);
    const struct agent_policy *policy = &gateway->roster->keyring.agent;
    if (!policy->folder)
        return exchange_refuse(exchange, 404,
                               "Claude Code is not served here: the key file's policy has no "
                               "\"agent\"",
                               0);
    if (lacks_passphrase(gateway))
        return exchange_refuse(exchange, 503,
                               "the key file is sealed, and Claude Code as a service has nobody to "
                               "ask for its passphrase; set TCR_PASSPHRASE_FILE for the gateway",
                               0);
    if (agent_count(gateway) >= (size_t)policy->at_most)
        return picker_wait_for_place(exchange)
                   ? HOLDING
                   : exchange_refuse(exchange, 429,
                                     "Claude Code serves as many requests as \"at_most\" allows",
                                     BUSY_SECONDS);
    return run(exchange, policy);
}

/* ---- its answer ---- */

static const char *end_sentence(const struct agent *agent, const char *fault, char text[128])
{
    if (WIFEXITED(agent->status) && WEXITSTATUS(agent->status) == NO_KEY)
        return "no key of the pool can be used; tcr-run status shows why";
    if (agent->pid != 0 || agent_reply_has_ended(agent->reply))
        return fault;
    if (WIFEXITED(agent->status) && WEXITSTATUS(agent->status) == NO_COMMAND)
        return "claude is not in the gateway's PATH";
    snprintf(text, 128, "Claude Code ended with status %d and no result",
             WIFEXITED(agent->status) ? WEXITSTATUS(agent->status) : 128 + WTERMSIG(agent->status));
    return text;
}

static bool is_of_claude(const struct kind *kind, const void *context)
{
    (void)context;
    return kind_is_anthropic(kind);
}

/* In how many seconds the first key of the pool is ready; 0 if none rests, or one is ready. */
static int64_t seconds_to_key(struct gateway *gateway)
{
    const struct demand demand = {.can_use = is_of_claude};
    struct roster *roster = gateway->roster;
    if (!book_survey(gateway, roster, &demand) || rotation_choose(&roster->rotation, ""))
        return 0;
    int64_t until = rotation_earliest(&roster->rotation), now = book_now(gateway);
    return until > now ? until - now : 0;
}

/* The run has written down why it ended, and the book sees it within a second. */
static bool waits_for_book(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    if (agent->waits_for_book || seconds_to_key(exchange->gateway) > 0)
        return false;
    agent->waits_for_book = true;
    timer_set(&exchange->gateway->timers, &exchange->timer, clock_now_ms() + BOOK_MS);
    return true;
}

/* No part of an answer has been sent, so an error can have a status of its own. */
static enum exchange_state refuse_ended(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    const char *fault;
    char text[128], sentence[TRANSLATION_TEXT];
    const char *type = agent_reply_fault(agent->reply, &fault);
    bool limited = type && strcmp(type, "rate_limit_error") == 0;
    bool no_key = WIFEXITED(agent->status) && WEXITSTATUS(agent->status) == NO_KEY;
    if ((limited || no_key) && waits_for_book(exchange))
        return WORKING;
    int64_t seconds = limited || no_key ? seconds_to_key(exchange->gateway) : 0;
    snprintf(sentence, sizeof sentence, "%s", end_sentence(agent, type ? fault : "", text));
    pending_finish(&exchange->pending);
    if (limited || seconds > 0)
        return refuse(exchange, 429, sentence, seconds > 0 ? seconds : BUSY_SECONDS);
    return refuse(exchange, no_key ? 503 : 502, sentence, 0);
}

static enum exchange_state answer_whole(struct exchange *exchange)
{
    struct pending *pending = &exchange->pending;
    struct buffer head = {0};
    buffer_append_text(&head, "content-type: application/json\n");
    delivery_append_queued(exchange->queued_ms, &head);
    bool fine = pending->length > 0 && !head.failed &&
                front_set_whole_answer(exchange, 200, buffer_text(&head), pending_bytes(pending),
                                       pending->length);
    buffer_finish(&head);
    pending_finish(pending);
    if (!fine)
        return refuse(exchange, 503, "the gateway is out of memory", BUSY_SECONDS);
    agent_leave(exchange);
    front_resume(exchange);
    return ANSWERING;
}

static bool begin_stream(struct exchange *exchange)
{
    struct buffer head = {0};
    if (exchange->is_open)
        return true;
    buffer_append_text(&head, "content-type: text/event-stream\ncache-control: no-cache\n");
    delivery_append_queued(exchange->queued_ms, &head);
    exchange->is_open =
        !head.failed && front_set_answer(exchange, 200, buffer_text(&head), FORWARD_LENGTH_UNKNOWN);
    buffer_finish(&head);
    return exchange->is_open;
}

/* The whole answer is in `pending`, except for its end if the command broke off. */
static enum exchange_state finish(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    bool told = agent_reply_has_ended(agent->reply);
    const char *fault;
    struct buffer out = {0};
    if (!exchange->is_open && (!told || agent_reply_fault(agent->reply, &fault)))
        return refuse_ended(exchange);
    if (!told)
        agent_reply_end(agent->reply, &out);
    exchange->is_broken |=
        out.failed || (out.length > 0 && !pending_append(&exchange->pending, out.data, out.length));
    buffer_finish(&out);
    if (!agent->translation.stream)
        return answer_whole(exchange);
    if (!begin_stream(exchange))
        return refuse(exchange, 503, "the gateway is out of memory", BUSY_SECONDS);
    agent_leave(exchange);
    timer_stop(&exchange->gateway->timers, &exchange->timer);
    exchange->state = DRAINING;
    front_resume(exchange);
    return DRAINING;
}

enum exchange_state agent_step(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    bool gone = agent->output.fd < 0 && agent->pid == 0;
    if (agent->waits_for_book && !exchange->timer_came)
        return WORKING;
    if (agent_reply_has_ended(agent->reply) || gone)
        return finish(exchange);
    if (exchange->timer_came)
        return refuse(exchange, 504, "Claude Code did not answer in time", 0);
    if (agent->is_paused && exchange->pending.length < PENDING_LOW)
        agent_read_on(agent);
    if (agent->translation.stream && exchange->pending.length > 0) {
        if (!begin_stream(exchange))
            return refuse(exchange, 503, "the gateway is out of memory", BUSY_SECONDS);
        front_resume(exchange);
    }
    return WORKING;
}
