#include "gateway/delivery_parts.h"

#include "base/head.h"
#include "core/gateway/forward.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/picker.h"
#include "gateway/try.h"

#include <stdio.h>
#include <time.h>

#define REMEMBERED_MOST ((size_t)16 << 10) /* of a refusal's body, kept for each key */

void delivery_drop_refusal(struct exchange *exchange)
{
    kept_refusal_finish(&exchange->kept);
}

/* The time that is left now, not the one that the provider gave. */
static void set_retry_after(struct buffer *head, int64_t until)
{
    int64_t left = until - time(NULL);
    if (until <= 0)
        return;
    struct buffer changed = {0};
    const char *at = buffer_text(head);
    struct header header;
    while (head_next(&at, &header)) {
        if (header_is(&header, "retry-after"))
            continue;
        buffer_append(&changed, header.name, header.name_length);
        buffer_append_text(&changed, ": ");
        buffer_append(&changed, header.value, header.value_length);
        buffer_append_char(&changed, '\n');
    }
    buffer_append_format(&changed, "retry-after: %lld\n", (long long)(left < 1 ? 1 : left));
    buffer_finish(head);
    *head = changed;
}

static enum exchange_state send_kept(struct exchange *exchange, const struct kept_refusal *kept,
                                     int64_t until)
{
    struct buffer head = {0};
    int64_t length;
    if (exchange->is_open)
        return exchange_refuse(exchange, kept->status, "every key of the pool is used up", 0);
    forward_answer(buffer_text(&kept->head), &head, &length);
    set_retry_after(&head, until);
    delivery_append_own(exchange, kept->key, &head);
    bool fine = !head.failed && front_set_whole_answer(exchange, kept->status, buffer_text(&head),
                                                       buffer_text(&kept->body), kept->body.length);
    buffer_finish(&head);
    if (!fine)
        return exchange_refuse(exchange, 503, "the gateway is out of memory", 5);
    news_refused(&exchange->gateway->news);
    body_finish(&exchange->body);
    try_destroy(exchange->try);
    exchange->try = NULL;
    front_resume(exchange);
    return ANSWERING;
}

static enum exchange_state answer_unreached(struct exchange *exchange, enum retry_event event,
                                            const struct finding *finding)
{
    char sentence[512];
    const char *key = exchange->candidate->key->name;
    const char *base = roster_base(exchange->candidate->key);
    if (event == RETRY_SILENT)
        snprintf(sentence, sizeof sentence, "%s did not answer in time (key \"%s\")", base, key);
    else if (event == RETRY_UNREACHABLE)
        snprintf(sentence, sizeof sentence, "%s cannot be reached (key \"%s\"): %s", base, key,
                 finding->line);
    else
        snprintf(sentence, sizeof sentence,
                 "%s ended the connection without an answer (key \"%s\"): %s", base, key,
                 *finding->line ? finding->line : "the answer is not whole");
    return exchange_refuse(exchange, event == RETRY_SILENT ? 504 : 502, sentence, 0);
}

/* When a key is ready again is of more use to a client than that another one was refused, which it
 * would take for its own: "please log in". */
static bool is_told_by(const struct kept_refusal *kept, const struct finding *finding)
{
    bool used_up = finding->class == CLASS_LIMIT || finding->class == CLASS_THROTTLED;
    bool refused = finding->class == CLASS_AUTH || finding->class == CLASS_FORBIDDEN ||
                   finding->class == CLASS_BILLING;
    return kept->status && kept->until > 0 &&
           (refused || (used_up && (finding->until == 0 || kept->until < finding->until)));
}

enum exchange_state delivery_pass_on(struct exchange *exchange, enum retry_event event,
                                     const struct finding *finding)
{
    const struct kept_refusal *kept = &exchange->kept;
    if (event != RETRY_ANSWERED)
        return kept->status ? send_kept(exchange, kept, kept->until)
                            : answer_unreached(exchange, event, finding);
    if (is_told_by(kept, finding))
        return send_kept(exchange, kept, kept->until);
    return delivery_begin(exchange);
}

static void translate_kept(struct exchange *exchange)
{
    struct kept_refusal *kept = &exchange->kept;
    struct buffer head = {0}, body = {0};
    bool is_stream = exchange->is_stream;
    kept->status =
        bridge_fault(exchange, kept->status, buffer_text(&kept->body), kept->body.length, &body);
    exchange->is_stream = false;
    bridge_head(exchange, buffer_text(&kept->head), &head);
    exchange->is_stream = is_stream;
    buffer_finish(&kept->head);
    buffer_finish(&kept->body);
    kept->head = head;
    kept->body = body;
}

void delivery_keep_refusal(struct exchange *exchange, const struct finding *finding)
{
    struct kept_refusal *kept = &exchange->kept;
    const struct try *try = exchange->try;
    bool used_up = finding->class == CLASS_LIMIT || finding->class == CLASS_THROTTLED;
    if (!try || !try->has_head || !try->has_ended || finding->class == CLASS_NETWORK)
        return; /* an answer that broke off is not kept */
    /* Keeps the first refusal of any kind, then the one whose key is ready first. */
    if (kept->status &&
        !(used_up && finding->until > 0 && (kept->until == 0 || finding->until < kept->until)))
        return;
    delivery_drop_refusal(exchange);
    kept->status = try->status;
    kept->key = exchange->candidate->key->name;
    kept->until = used_up ? finding->until : 0;
    buffer_append(&kept->head, buffer_text(&try->head), try->head.length);
    if (exchange->pending.length > 0)
        buffer_append(&kept->body, pending_bytes(&exchange->pending), exchange->pending.length);
    if (exchange->bridge.translates)
        translate_kept(exchange);
    if (kept->head.failed || kept->body.failed)
        delivery_drop_refusal(exchange);
}

/* What a key's refusals were remembered in is the format of its provider. */
static bool speaks_its_format(const struct exchange *exchange, const struct candidate *candidate)
{
    bool is_openai = kind_provider(&candidate->key->kind) == PROVIDER_OPENAI;
    return (exchange->route.provider == PROVIDER_OPENAI) == is_openai;
}

enum exchange_state delivery_without_key(struct exchange *exchange)
{
    struct picker_why why;
    if (exchange->kept.status)
        return send_kept(exchange, &exchange->kept, exchange->kept.until);
    picker_explain(exchange, &why);
    if (why.candidate) {
        const struct roster *roster = exchange->roster;
        const struct kept_refusal *kept =
            &roster->refusals[why.candidate - roster->rotation.candidates];
        if (kept->status && speaks_its_format(exchange, why.candidate))
            return send_kept(exchange, kept, why.until);
    }
    news_refused(&exchange->gateway->news);
    return exchange_refuse_used_up(exchange, &why);
}

void delivery_remember_refusal(struct exchange *exchange, const struct finding *finding)
{
    struct roster *roster = exchange->roster;
    const struct try *try = exchange->try;
    struct kept_refusal *kept =
        &roster->refusals[exchange->candidate - roster->rotation.candidates];
    if (try->status != 429 || !try->has_ended || exchange->pending.length > REMEMBERED_MOST)
        return;
    kept_refusal_finish(kept);
    *kept = (struct kept_refusal){
        .status = try->status, .key = exchange->candidate->key->name, .until = finding->until};
    buffer_append(&kept->head, buffer_text(&try->head), try->head.length);
    if (exchange->pending.length > 0)
        buffer_append(&kept->body, pending_bytes(&exchange->pending), exchange->pending.length);
    if (kept->head.failed || kept->body.failed)
        kept_refusal_finish(kept);
}
