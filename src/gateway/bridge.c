#include "gateway/bridge.h"

#include "base/head.h"
#include "base/jsontext.h"
#include "base/text.h"
#include "core/gateway/route.h"
#include "core/translate/fault.h"
#include "core/translate/modellist.h"
#include "core/translate/reply.h"
#include "core/translate/splice.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "system/log.h"
#include "system/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static bool ends_in(const char *target, const char *end)
{
    const char *path = route_api_path(target);
    size_t length = path ? strcspn(path, "?#") : 0, wanted = strlen(end);
    return length >= wanted && memcmp(path + length - wanted, end, wanted) == 0;
}

/* The format of the request; false if it cannot be translated. */
static bool format_of(const struct exchange *exchange, enum format *ret_format)
{
    static const struct {
        const char *end;
        enum format format;
    } ends[] = {{"/v1/messages", FORMAT_MESSAGES},
                {"/chat/completions", FORMAT_CHAT},
                {"/responses", FORMAT_RESPONSES}};
    if (exchange->route.id != ROUTE_MESSAGES && exchange->route.id != ROUTE_OPENAI)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_in(exchange->target, ends[i].end)) {
            *ret_format = ends[i].format;
            return true;
        }
    return false;
}

static bool is_openai(const struct kind *kind)
{
    return kind->id == KIND_OPENAI;
}

static bool pool_has(const struct exchange *exchange, bool openai)
{
    const struct rotation *rotation = &exchange->roster->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct key *key = rotation->candidates[i].key;
        bool fits = openai ? is_openai(&key->kind) : kind_is_anthropic(&key->kind);
        if (fits && !key->disabled && !key->left_out)
            return true;
    }
    return false;
}

/* Both formats ask for a list of models on the same path. OpenAI's programs send their key as a
 * bearer token, and Anthropic's name the version of their format. */
static bool asks_as_openai(const struct exchange *exchange)
{
    char value[8];
    const char *head = buffer_text(&exchange->head);
    return head_value(head, "authorization", value, sizeof value) &&
           !head_value(head, "anthropic-version", value, sizeof value) &&
           !head_value(head, "x-api-key", value, sizeof value);
}

void bridge_find_provider(struct exchange *exchange)
{
    static const char api[] = "/v1/";
    const char *path = route_path(exchange->target);
    bool unclear = exchange->route.provider == PROVIDER_UNKNOWN &&
                   (exchange->route.id == ROUTE_OBJECTS || exchange->route.id == ROUTE_OTHER) &&
                   path && strncmp(path, api, strlen(api)) == 0;
    char value[8];
    if (unclear && asks_as_openai(exchange) && pool_has(exchange, true) &&
        !head_value(buffer_text(&exchange->head), "anthropic-beta", value, sizeof value))
        exchange->route.provider = PROVIDER_OPENAI;
}

bool bridge_takes_kind(const struct exchange *exchange, const struct kind *kind)
{
    enum format format;
    if (exchange->route.id == ROUTE_MODELS && pool_has(exchange, asks_as_openai(exchange)))
        return is_openai(kind) == asks_as_openai(exchange) &&
               (is_openai(kind) || kind_is_anthropic(kind));
    if (exchange->route.id == ROUTE_MODELS || format_of(exchange, &format))
        return is_openai(kind) || kind_is_anthropic(kind);
    return exchange->route.provider == PROVIDER_OPENAI ? is_openai(kind) : kind_is_anthropic(kind);
}

bool bridge_has_claude(const struct exchange *exchange)
{
    return pool_has(exchange, false);
}

static bool is_claude(const char *model)
{
    struct key none = {0};
    char same[MODELMAP_NAME];
    return !modelmap_of_key(&none, model, same);
}

bool bridge_serves(const struct exchange *exchange, const struct key *key)
{
    enum format format;
    const char *model = exchange->id.model;
    char other[MODELMAP_NAME];
    if (!format_of(exchange, &format))
        return true;
    /* If the pool has both, a key without a table of models takes only its own format. */
    if (is_openai(&key->kind) && format == FORMAT_MESSAGES)
        return (key->models || !bridge_has_claude(exchange)) && modelmap_of_key(key, model, other);
    if (is_openai(&key->kind))
        return !is_claude(model) || !bridge_has_claude(exchange) ||
               modelmap_of_key(key, model, other);
    return format == FORMAT_MESSAGES || is_claude(model) || !pool_has(exchange, true);
}

bool bridge_next_model(struct exchange *exchange)
{
    struct bridge *bridge = &exchange->bridge;
    enum format format;
    char next[MODELMAP_NAME];
    const char *asked = *bridge->asked ? bridge->asked : exchange->id.model;
    if (!exchange->roster || !format_of(exchange, &format) || !*asked ||
        !modelmap_next(&exchange->roster->keyring, asked, bridge->step, next))
        return false;
    if (!*bridge->asked)
        snprintf(bridge->asked, sizeof bridge->asked, "%s", exchange->id.model);
    bridge->step++;
    news_model(&exchange->gateway->news, exchange->id.model, next);
    snprintf(exchange->id.model, sizeof exchange->id.model, "%s", next);
    return true;
}

void bridge_first_model(struct exchange *exchange)
{
    struct bridge *bridge = &exchange->bridge;
    if (*bridge->asked)
        snprintf(exchange->id.model, sizeof exchange->id.model, "%s", bridge->asked);
    *bridge->asked = '\0';
    bridge->step = 0;
}

bool bridge_drops_thinking(struct exchange *exchange, int status, const char *body, size_t length)
{
    struct bridge *bridge = &exchange->bridge;
    if (status != 400 || bridge->bare || bridge->translates ||
        exchange->route.id != ROUTE_MESSAGES || exchange->body.length == 0 ||
        !memmem(body, length, "signature", strlen("signature")) ||
        !memmem(body, length, "thinking", strlen("thinking")))
        return false;
    struct buffer changed = {0};
    bridge->bare = splice_without_thinking(exchange->body.bytes, exchange->body.length, &changed);
    buffer_finish(&changed);
    if (bridge->bare)
        log_explain("gateway: a signature of thinking was refused; sent again without thinking");
    return bridge->bare;
}

bool bridge_leaves_out(struct exchange *exchange, int status, const char *body, size_t length)
{
    struct bridge *bridge = &exchange->bridge;
    unsigned refused = !bridge->translates || (status != 400 && status != 422)
                           ? 0
                           : translation_refused(bridge->translation, body, length);
    bridge->omit |= refused;
    if (refused != 0)
        log_explain("gateway: a field was refused; sent again without it");
    return refused != 0;
}

/* ---- requests ---- */

static void reset(struct bridge *bridge)
{
    reply_destroy(bridge->reply);
    if (bridge->translation)
        translation_finish(bridge->translation);
    free(bridge->translation);
    buffer_finish(&bridge->body);
    bridge->reply = NULL;
    bridge->translation = NULL;
    bridge->translates = false;
    *bridge->model = '\0';
}

void bridge_finish(struct bridge *bridge)
{
    reset(bridge);
}

static void append_header(struct buffer *head, const char *name, const char *value)
{
    buffer_append_format(head, "%s: %s\n", name, value);
}

/* Of the client's headers only its name is passed on: the others belong to the format that it
 * speaks. */
static void append_own_head(const struct exchange *exchange, const struct key *key,
                            struct buffer *head)
{
    char agent[256];
    append_header(head, "content-type", "application/json");
    append_header(head, "accept", exchange->id.stream ? "text/event-stream" : "application/json");
    if (head_value(buffer_text(&exchange->head), "user-agent", agent, sizeof agent))
        append_header(head, "user-agent", agent);
    if (!is_openai(&key->kind))
        append_header(head, "anthropic-version", "2023-06-01");
}

static int translate(struct exchange *exchange, const struct key *key, enum format format,
                     struct buffer *ret_target)
{
    static const char *const targets[] = {[FORMAT_MESSAGES] = "/v1/messages",
                                          [FORMAT_CHAT] = "/v1/chat/completions",
                                          [FORMAT_RESPONSES] = "/v1/responses"};
    struct bridge *bridge = &exchange->bridge;
    enum format to = !is_openai(&key->kind) ? FORMAT_MESSAGES
                     : key->has_responses   ? FORMAT_RESPONSES
                                            : FORMAT_CHAT;
    struct translation *translation = calloc(1, sizeof *translation);
    if (!translation)
        return -ENOMEM;
    bridge->translates = true;
    bridge->translation = translation;
    translation->client = format;
    translation->provider = to;
    translation->model = bridge->model;
    translation->omit = bridge->omit | dropped_known(exchange->gateway, key->name, bridge->model);
    if (*exchange->id.session)
        translation->session = exchange->id.session;
    buffer_append_text(ret_target, targets[to]);
    bool done =
        translate_request(translation, exchange->body.length > 0 ? exchange->body.bytes : "",
                          exchange->body.length, &bridge->body);
    dropped_say(exchange->gateway, key->name, translation->notes);
    if (done)
        return 0;
    return *translation->fault.param ? -EINVAL : -ENOMEM;
}

/* Stays in the same format, with another model's name or without thinking. Everything else is
 * passed on as it came. */
static int splice(struct exchange *exchange)
{
    struct bridge *bridge = &exchange->bridge;
    const char *bytes = exchange->body.length > 0 ? exchange->body.bytes : "";
    struct buffer bare = {0};
    size_t length = exchange->body.length;
    if (bridge->bare && splice_without_thinking(bytes, length, &bare))
        bytes = bare.data, length = bare.length;
    bool fine = *bridge->model ? splice_model(bytes, length, bridge->model, &bridge->body) ||
                                     !bridge->body.failed
                               : !bare.failed;
    if (!*bridge->model && bare.length > 0) {
        bridge->body = bare;
        return fine ? 0 : -ENOMEM;
    }
    buffer_finish(&bare);
    return fine ? 0 : -ENOMEM;
}

/* The model that the key is asked for, if it differs from the one in the body. */
static void find_model(struct exchange *exchange, const struct key *key, bool translates)
{
    struct bridge *bridge = &exchange->bridge;
    const char *in_body = *bridge->asked ? bridge->asked : exchange->id.model;
    char model[MODELMAP_NAME];
    bool mapped = is_openai(&key->kind) && modelmap_of_key(key, exchange->id.model, model);
    if (!mapped)
        text_copy(model, sizeof model, exchange->id.model);
    if (translates || strcmp(model, in_body) != 0)
        snprintf(bridge->model, sizeof bridge->model, "%s", model);
}

int bridge_prepare(struct exchange *exchange, const struct key *key, struct buffer *ret_target,
                   struct buffer *ret_head)
{
    struct bridge *bridge = &exchange->bridge;
    enum format format = FORMAT_MESSAGES;
    bool known = format_of(exchange, &format);
    bool translates = known && is_openai(&key->kind) != (format != FORMAT_MESSAGES);
    int r = 0;
    reset(bridge);
    if (known)
        find_model(exchange, key, translates);
    if (translates) {
        r = translate(exchange, key, format, ret_target);
        append_own_head(exchange, key, ret_head);
    } else {
        if (known && (*bridge->model || bridge->bare))
            r = splice(exchange);
        if (exchange->route.id == ROUTE_MODELS && !is_openai(&key->kind) &&
            asks_as_openai(exchange))
            append_header(ret_head, "anthropic-version", "2023-06-01");
        buffer_append_text(ret_target, exchange->target);
        buffer_append(ret_head, buffer_text(&exchange->head), exchange->head.length);
    }
    for (const struct key_variable *one = key->headers; one && one->name; one++)
        append_header(ret_head, one->name, one->value);
    return r < 0 ? r : ret_target->failed || ret_head->failed ? -ENOMEM : 0;
}

/* ---- answers ---- */

enum provider bridge_provider(const struct exchange *exchange)
{
    if (!exchange->bridge.translates)
        return exchange->route.provider;
    return exchange->bridge.translation->provider == FORMAT_MESSAGES ? PROVIDER_ANTHROPIC
                                                                     : PROVIDER_OPENAI;
}

enum eventstream_format bridge_stream(const struct exchange *exchange)
{
    static const enum eventstream_format formats[] = {
        [FORMAT_MESSAGES] = EVENTSTREAM_MESSAGES,
        [FORMAT_CHAT] = EVENTSTREAM_CHAT,
        [FORMAT_RESPONSES] = EVENTSTREAM_RESPONSES,
    };
    return exchange->bridge.translates ? formats[exchange->bridge.translation->provider]
                                       : exchange->route.stream;
}

int bridge_fault(struct exchange *exchange, int status, const char *bytes, size_t length,
                 struct buffer *ret_body)
{
    return fault_translate(exchange->bridge.translation, status, bytes, length, ret_body);
}

void bridge_head(const struct exchange *exchange, const char *head, struct buffer *ret_head)
{
    static const char *const kept[] = {"retry-after", "x-should-retry", "request-id",
                                       "x-request-id"};
    char value[128];
    append_header(ret_head, "content-type",
                  exchange->is_stream ? "text/event-stream" : "application/json");
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (head_value(head, kept[i], value, sizeof value))
            append_header(ret_head, kept[i], value);
}

static bool put(struct exchange *exchange, struct buffer *out)
{
    bool fine = !out->failed &&
                (out->length == 0 || pending_append(&exchange->pending, out->data, out->length));
    buffer_finish(out);
    return fine;
}

bool bridge_list(struct exchange *exchange)
{
    struct pending *pending = &exchange->pending;
    struct buffer out = {0};
    if (exchange->route.id != ROUTE_MODELS || !asks_as_openai(exchange) ||
        is_openai(&exchange->candidate->key->kind) || pending->length == 0 ||
        !modellist_to_openai(pending_bytes(pending), pending->length, &out)) {
        buffer_finish(&out);
        return true;
    }
    pending_finish(pending);
    return put(exchange, &out);
}

static void make_id(struct bridge *bridge, uint64_t number)
{
    uint8_t bytes[8];
    random_fill(bytes, sizeof bytes);
    snprintf(bridge->id, sizeof bridge->id, "%02x%02x%02x%02x%02x%02x%02x%02x%08llx", bytes[0],
             bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
             (unsigned long long)(number & 0xffffffff));
}

bool bridge_begin(struct exchange *exchange)
{
    struct bridge *bridge = &exchange->bridge;
    struct pending came = exchange->pending;
    if (!bridge->translates)
        return true;
    if (bridge->omit)
        dropped_learn(exchange->gateway, exchange->candidate->key->name, bridge->model,
                      bridge->translation->omit);
    make_id(bridge, exchange->number);
    bridge->reply = reply_create(bridge->translation, bridge->id, time(NULL), exchange->is_stream);
    exchange->pending = (struct pending){0};
    bool fine = bridge->reply &&
                (came.length == 0 || bridge_take(exchange, pending_bytes(&came), came.length));
    pending_finish(&came);
    return fine;
}

bool bridge_take(struct exchange *exchange, const char *bytes, size_t length)
{
    struct buffer out = {0};
    reply_feed(exchange->bridge.reply, bytes, length, &out);
    return put(exchange, &out);
}

bool bridge_end(struct exchange *exchange)
{
    struct buffer out = {0};
    reply_end(exchange->bridge.reply, &out);
    dropped_say(exchange->gateway, exchange->candidate->key->name,
                reply_notes(exchange->bridge.reply));
    return put(exchange, &out);
}

bool bridge_ended_well(const struct exchange *exchange)
{
    const struct reply *reply = exchange->bridge.reply;
    return reply && reply_has_ended(reply) && !reply_fault(reply);
}
