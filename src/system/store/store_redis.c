#include "system/store/store_redis_parts.h"

#include "base/duration.h"
#include "system/clock.h"
#include "system/process/process.h"
#include "system/store/redis_scripts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_SECONDS 60
#define LEASE_LEAST   1
#define LEASE_MOST    3600
#define EVENTS_KEPT   "10000"

static const char *const key_names[PART_COUNT] = {
    [PART_STATE] = "state", [PART_LEASES] = "leases", [PART_ALIVE] = "alive",
    [PART_TURN] = "turn",   [PART_HOLDER] = "holder", [PART_EVENTS] = "events",
};

const char *store_redis_error(const struct store_redis *store)
{
    return store->error.length > 0 ? buffer_text(&store->error) : redis_error(store->redis);
}

int64_t store_redis_ahead(const struct store_redis *store)
{
    return store->ahead;
}

void store_redis_name(const struct owner *owner, char ret_text[STORE_OWNER_TEXT])
{
    snprintf(ret_text, STORE_OWNER_TEXT, "%s/%lld/%lld/%lld", owner->boot,
             (long long)owner->pid_namespace, (long long)owner->pid, (long long)owner->start);
}

static int64_t lease_seconds(const struct host *host)
{
    const char *text = getenv("TCR_REDIS_LEASE");
    int64_t seconds = LEASE_SECONDS;
    if (!text || !*text)
        return LEASE_SECONDS;
    if (duration_parse(text, &seconds) == 0 && seconds >= LEASE_LEAST && seconds <= LEASE_MOST)
        return seconds;
    host_report(host, REPORT_WARN,
                "TCR_REDIS_LEASE: expected a length of time from 1s to 1h; using 60s");
    return LEASE_SECONDS;
}

struct store_redis *store_redis_create(struct redisurl *url, const struct host *host)
{
    struct owner self = process_self();
    struct store_redis *store = calloc(1, sizeof *store);
    if (!store) {
        redisurl_finish(url);
        return NULL;
    }
    store->host = host;
    store->url = *url;
    *url = (struct redisurl){0};
    store->redis = redis_create(&store->url, host);
    bool done = store->redis != NULL;
    for (int i = 0; i < PART_COUNT && done; i++)
        done = asprintf(&store->keys[i], "%s:%s", store->url.prefix, key_names[i]) >= 0;
    if (!done) {
        store_redis_destroy(store);
        return NULL;
    }
    store_redis_name(&self, store->self);
    snprintf(store->lease_ms, sizeof store->lease_ms, "%lld",
             (long long)lease_seconds(host) * 1000);
    return store;
}

void store_redis_destroy(struct store_redis *store)
{
    if (!store)
        return;
    if (store->redis)
        store_redis_let_go(store);
    redis_destroy(store->redis);
    for (int i = 0; i < PART_COUNT; i++)
        free(store->keys[i]);
    free(store->lease);
    buffer_finish(&store->error);
    redisurl_finish(&store->url);
    free(store);
}

/* ---- scripts ---- */

int eval_init(const struct store_redis *store, struct eval *eval, const char *script,
              size_t arguments)
{
    size_t most = 3 + PART_COUNT + arguments;
    *eval = (struct eval){.words = calloc(most, sizeof *eval->words),
                          .lengths = calloc(most, sizeof *eval->lengths)};
    if (!eval->words || !eval->lengths)
        return -ENOMEM;
    eval->words[eval->count++] = "EVAL";
    eval->words[eval->count++] = script;
    eval->words[eval->count++] = KEYS_OF_SCRIPTS;
    for (int i = 0; i < PART_COUNT; i++)
        eval->words[eval->count++] = store->keys[i];
    return 0;
}

void eval_add(struct eval *eval, const char *word)
{
    eval->words[eval->count++] = word;
}

void eval_finish(struct eval *eval)
{
    free(eval->words);
    free(eval->lengths);
}

struct redis_command eval_command(struct eval *eval)
{
    for (int i = 0; i < eval->count; i++)
        eval->lengths[i] = strlen(eval->words[i]);
    return (struct redis_command){eval->count, eval->words, eval->lengths};
}

/* What a server answers when it does not run the script. */
static int judge_error(struct store_redis *store, const redisReply *reply)
{
    const char *text = reply->str;
    int length = (int)strcspn(text, "\r\n");
    if (strstr(text, "WRONGTYPE")) {
        buffer_append_format(
            &store->error,
            "the keys \"%s:…\" there hold something else and are left alone; name another ?prefix=",
            store->url.prefix);
        return -EEXIST;
    }
    buffer_append_format(&store->error, "refused us: %.*s", length, text);
    redis_drop(store->redis); /* another server may answer next time */
    return strncmp(text, "NOAUTH", 6) == 0 || strncmp(text, "NOPERM", 6) == 0 ? -EACCES : -EPROTO;
}

int store_redis_run(struct store_redis *store, const struct redis_command *command,
                    int64_t deadline, redisReply **ret_reply)
{
    redisReply *reply = NULL;
    buffer_clear(&store->error);
    int r = redis_call(store->redis, command, deadline, &reply);
    if (r == -ECONNRESET || r == -EPIPE) /* the server was restarted, or dropped the connection */
        r = redis_call(store->redis, command, deadline, &reply);
    if (r == 0 && reply->type == REDIS_REPLY_ERROR) {
        r = judge_error(store, reply);
        freeReplyObject(reply);
    }
    if (r == 0)
        *ret_reply = reply;
    return r;
}

int eval_run(struct store_redis *store, struct eval *eval, redisReply **ret_reply)
{
    struct redis_command command = eval_command(eval);
    return store_redis_run(store, &command, clock_now_ms() + STORE_CALL_MS, ret_reply);
}

/* ---- events ---- */

int store_redis_log_event(struct store_redis *store, const char *line, size_t length)
{
    const char *words[] = {
        "XADD", store->keys[PART_EVENTS], "MAXLEN", "~", EVENTS_KEPT, "*", "line", line};
    size_t lengths[8];
    const struct redis_command command = {8, words, lengths};
    for (int i = 0; i < 8; i++)
        lengths[i] = i < 7 ? strlen(words[i]) : length;
    return redis_post(store->redis, &command);
}

/* Ids are MILLISECONDS-NUMBER; the first cursor is "0". */
static bool comes_after(const char *id, const char *cursor)
{
    char *rest, *before;
    unsigned long long ms = strtoull(id, &rest, 10), last_ms = strtoull(cursor, &before, 10);
    unsigned long long number = *rest == '-' ? strtoull(rest + 1, NULL, 10) : 0;
    unsigned long long last = *before == '-' ? strtoull(before + 1, NULL, 10) : 0;
    return ms > last_ms || (ms == last_ms && number > last);
}

/* One entry of a stream: {id, {"line", text, …}}. False if it does not come after the cursor: a
 * server that sends the same entry again and again is not Redis. */
static bool give_entry(const redisReply *entry, char cursor[STORE_REDIS_ID],
                       void (*take)(void *, const char *, size_t), void *context)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING ||
        !comes_after(entry->element[0]->str, cursor))
        return false;
    const redisReply *fields = entry->element[1];
    snprintf(cursor, STORE_REDIS_ID, "%s", entry->element[0]->str);
    if (fields->type == REDIS_REPLY_ARRAY && fields->elements >= 2 &&
        fields->element[1]->type == REDIS_REPLY_STRING)
        take(context, fields->element[1]->str, fields->element[1]->len);
    return true;
}

/* The entries of {{key, {entry, …}}}; none if the reply has another form. */
static const redisReply *entries_of(const redisReply *reply)
{
    const redisReply *stream =
        reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 ? reply->element[0] : NULL;
    bool named = stream && stream->type == REDIS_REPLY_ARRAY && stream->elements == 2;
    return named && stream->element[1]->type == REDIS_REPLY_ARRAY ? stream->element[1] : NULL;
}

int store_redis_events(struct store_redis *store, char cursor[STORE_REDIS_ID],
                       void (*take)(void *context, const char *line, size_t length), void *context)
{
    const char *words[] = {"XREAD", "COUNT", "1000", "STREAMS", store->keys[PART_EVENTS], cursor};
    const struct redis_command command = {6, words, NULL};
    size_t count;
    do {
        redisReply *reply = NULL;
        int r = store_redis_run(store, &command, clock_now_ms() + STORE_CALL_MS, &reply);
        if (r != 0)
            return r;
        const redisReply *list = entries_of(reply);
        bool understood = list || reply->type == REDIS_REPLY_NIL; /* nil: there are no more */
        count = list ? list->elements : 0;
        for (size_t i = 0; i < count && understood; i++)
            understood = give_entry(list->element[i], cursor, take, context);
        freeReplyObject(reply);
        if (!understood) {
            buffer_append_text(&store->error, "answers in a way that is not understood");
            return -EPROTO;
        }
    } while (count > 0);
    return 0;
}
