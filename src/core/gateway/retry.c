#include "core/gateway/retry.h"

#define PAUSE_LEAST   500 /* before the same key after an error of the provider's */
#define PAUSE_SPREAD  500
#define THROTTLE_MOST 60000
#define TRIES_MOST    6 /* of one request, whatever they end with */

static struct retry_decision pass(const char *reason)
{
    return (struct retry_decision){.move = RETRY_PASS, .reason = reason};
}

static struct retry_decision same(int64_t pause_ms, const char *reason)
{
    return (struct retry_decision){RETRY_SAME, pause_ms, reason};
}

/* The answer, the connection's end or its silence came after the provider may have begun to work.
 */
static bool may_be_done(const struct retry_facts *facts)
{
    return facts->event == RETRY_LOST || facts->event == RETRY_SILENT ||
           (facts->event == RETRY_ANSWERED && facts->class == CLASS_SERVER);
}

/* Why nothing may be sent again, with any key; NULL if it may. */
static const char *obstacle(const struct retry *retry, const struct retry_facts *facts)
{
    if (facts->out > NOTHING_OUT)
        return "a part of the answer has gone out";
    if (facts->event == RETRY_ANSWERED && facts->class == CLASS_NONE)
        return "the answer is the client's";
    if (facts->no_body)
        return facts->no_body;
    if (!facts->repeatable && may_be_done(facts))
        return "the request may have been carried out and must not be twice";
    if (facts->left_ms <= 0)
        return "the time for this request is over";
    if (retry->tries >= TRIES_MOST)
        return "it was tried often enough";
    return NULL;
}

/* Why no other key of the pool is tried; NULL if one may be. */
static const char *no_next(const struct retry *retry, const struct retry_facts *facts)
{
    if (facts->bound)
        return "only this key can see what the request names";
    if (facts->keys_left == 0)
        return "no other key is free";
    if (retry->keys >= RETRY_KEYS_MOST)
        return "enough keys were tried";
    return NULL;
}

static struct retry_decision next(const char *reason)
{
    return (struct retry_decision){.move = RETRY_NEXT, .reason = reason};
}

/* The key refuses: each other key of the pool, then the master. */
static struct retry_decision after_refusal(const struct retry *retry,
                                           const struct retry_facts *facts)
{
    static const char *const reasons[CLASS_COUNT] = {
        [CLASS_LIMIT] = "the key is used up",
        [CLASS_AUTH] = "the key is not accepted",
        [CLASS_FORBIDDEN] = "the key is refused",
        [CLASS_BILLING] = "the key has no credit",
    };
    const char *hindered = no_next(retry, facts);
    if (!hindered)
        return next(reasons[facts->class]);
    if (facts->bound || !facts->master_left)
        return pass(hindered);
    return (struct retry_decision){.move = RETRY_MASTER, .reason = reasons[facts->class]};
}

/* For trouble that is not the key's one other key is enough, and the master is not spent on it. */
static struct retry_decision move_soft(struct retry *retry, const struct retry_facts *facts,
                                       const char *reason)
{
    const char *hindered = no_next(retry, facts);
    if (hindered)
        return pass(hindered);
    if (retry->moves_soft > 0)
        return pass("it was tried with another key");
    retry->moves_soft++;
    return next(reason);
}

static struct retry_decision after_throttle(struct retry *retry, const struct retry_facts *facts)
{
    if (facts->bare)
        return move_soft(retry, facts, "the answer says nothing of the key");
    struct retry_decision decision = move_soft(retry, facts, "the key is throttled");
    bool short_wait = facts->retry_after_ms >= 0 && facts->retry_after_ms <= THROTTLE_MOST &&
                      facts->retry_after_ms < facts->left_ms;
    if (decision.move != RETRY_PASS || retry->waited || !short_wait || facts->should_not_retry)
        return decision;
    retry->waited = true;
    return same(facts->retry_after_ms, "the throttle ends soon");
}

static struct retry_decision after_server(struct retry *retry, const struct retry_facts *facts)
{
    int64_t pause = PAUSE_LEAST + (int64_t)(facts->dice % PAUSE_SPREAD);
    if (facts->should_not_retry)
        return pass("the provider asks not to repeat it");
    bool soon = facts->retry_after_ms <= pause && pause < facts->left_ms;
    if (retry->on_key == 1 && retry->moves_soft == 0 && soon)
        return same(pause, "the provider has trouble");
    return move_soft(retry, facts, "the provider has trouble");
}

/* Another connection at once, then another key, whose address may be another one. */
static struct retry_decision after_break(struct retry *retry, const struct retry_facts *facts)
{
    static const char *const reasons[] = {
        [RETRY_UNREACHABLE] = "the provider is not reached",
        [RETRY_LOST] = "the connection was lost",
        [RETRY_SILENT] = "the provider is silent",
    };
    if (retry->on_key == 1 && retry->moves_soft == 0 && facts->event != RETRY_SILENT)
        return same(0, reasons[facts->event]);
    return move_soft(retry, facts, reasons[facts->event]);
}

static struct retry_decision decide(struct retry *retry, const struct retry_facts *facts)
{
    const char *hindered = obstacle(retry, facts);
    if (hindered)
        return pass(hindered);
    if (facts->event != RETRY_ANSWERED || facts->class == CLASS_NETWORK)
        return after_break(retry, facts);
    if (facts->class == CLASS_THROTTLED)
        return after_throttle(retry, facts);
    if (facts->class == CLASS_SERVER)
        return after_server(retry, facts);
    return after_refusal(retry, facts);
}

struct retry_decision retry_decide(struct retry *retry, const struct retry_facts *facts)
{
    retry->tries++;
    retry->on_key++;
    if (retry->on_key == 1)
        retry->keys++;
    struct retry_decision decision = decide(retry, facts);
    if (decision.move == RETRY_NEXT || decision.move == RETRY_MASTER)
        retry->on_key = 0;
    return decision;
}

const char *retry_move_name(enum retry_move move)
{
    static const char *const names[] = {
        [RETRY_PASS] = "pass",
        [RETRY_SAME] = "same",
        [RETRY_NEXT] = "next",
        [RETRY_MASTER] = "master",
    };
    return names[move];
}

int64_t retry_hold(int64_t earliest, int64_t now_ms, int64_t hold_ms, int64_t left_ms)
{
    if (earliest <= 0)
        return -1;
    int64_t wait = earliest * 1000 - now_ms;
    wait = wait > 0 ? wait : 0;
    return wait <= hold_ms && wait < left_ms ? wait : -1;
}
