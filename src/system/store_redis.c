#include "system/store_redis.h"

#include "base/duration.h"
#include "system/log.h"
#include "system/process.h"
#include "system/redis.h"
#include "system/redis_scripts.h"
#include "system/relay.h"
#include "system/store_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALL_MS       1000 /* to connect and be answered, or for one answer */
#define QUEUE_MS      5000 /* for a turn, as for the lock of a file */
#define TURN_MS       "1000"
#define TURN_SECONDS  "1"
#define PARTING_MS    100
#define STATE_LARGEST (64 * 1024 * 1024)
#define LEASE_SECONDS 60
#define LEASE_LEAST   1
#define LEASE_MOST    3600
#define EVENTS_KEPT   "10000"
#define RENEWALS      4 /* in the life of a lease */
#define RETRY_MS      1000
#define LOOK_MS       50
#define OWNER_TEXT    128
#define NUMBER_TEXT   24

enum part { PART_STATE, PART_LEASES, PART_ALIVE, PART_TURN, PART_HOLDER, PART_EVENTS, PART_COUNT };

static const char *const key_names[PART_COUNT] = {
    [PART_STATE] = "state", [PART_LEASES] = "leases", [PART_ALIVE] = "alive",
    [PART_TURN] = "turn",   [PART_HOLDER] = "holder", [PART_EVENTS] = "events",
};

struct store_redis {
    struct redisurl url;
    struct redis *redis;
    char *keys[PART_COUNT];
    char self[OWNER_TEXT]; /* this process, as a field of `leases` */
    char lease_ms[NUMBER_TEXT];
    int64_t ahead;
    unsigned long changes; /* tells one try of a change from the next */
    char *lease;           /* ours, as text; NULL: none */
    int64_t renewal;       /* when it is to be renewed */
    int64_t due;           /* when the connection is to be looked at */
    struct buffer error;   /* instead of what `redis` says */
};

/* One look at the server. */
struct look {
    redisReply *reply;
    bool granted;
    int64_t now;
    const redisReply *text;
    const char *revision;
    const redisReply *leases;
};

const char *store_redis_error(const struct store_redis *store)
{
    return store->error.length > 0 ? buffer_text(&store->error) : redis_error(store->redis);
}

int64_t store_redis_ahead(const struct store_redis *store)
{
    return store->ahead;
}

static void name_owner(const struct owner *owner, char ret_text[OWNER_TEXT])
{
    snprintf(ret_text, OWNER_TEXT, "%s/%lld/%lld/%lld", owner->boot,
             (long long)owner->pid_namespace, (long long)owner->pid, (long long)owner->start);
}

static int64_t lease_seconds(void)
{
    const char *text = getenv("TCR_REDIS_LEASE");
    int64_t seconds = LEASE_SECONDS;
    if (!text || !*text)
        return LEASE_SECONDS;
    if (duration_parse(text, &seconds) == 0 && seconds >= LEASE_LEAST && seconds <= LEASE_MOST)
        return seconds;
    log_say("TCR_REDIS_LEASE: expected a length of time from 1s to 1h; 60s is taken");
    return LEASE_SECONDS;
}

struct store_redis *store_redis_create(struct redisurl *url)
{
    struct owner self = process_self();
    struct store_redis *store = calloc(1, sizeof *store);
    if (!store) {
        redisurl_finish(url);
        return NULL;
    }
    store->url = *url;
    *url = (struct redisurl){0};
    store->redis = redis_create(&store->url);
    bool done = store->redis != NULL;
    for (int i = 0; i < PART_COUNT && done; i++)
        done = asprintf(&store->keys[i], "%s:%s", store->url.prefix, key_names[i]) >= 0;
    if (!done) {
        store_redis_destroy(store);
        return NULL;
    }
    name_owner(&self, store->self);
    snprintf(store->lease_ms, sizeof store->lease_ms, "%lld", (long long)lease_seconds() * 1000);
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

/* The words of EVAL: the script, all our keys, then its arguments. */
struct call {
    const char **words;
    size_t *lengths;
    int count;
};

static int call_init(const struct store_redis *store, struct call *call, const char *script,
                     size_t arguments)
{
    size_t most = 3 + PART_COUNT + arguments;
    *call = (struct call){.words = calloc(most, sizeof *call->words),
                          .lengths = calloc(most, sizeof *call->lengths)};
    if (!call->words || !call->lengths)
        return -ENOMEM;
    call->words[call->count++] = "EVAL";
    call->words[call->count++] = script;
    call->words[call->count++] = KEYS_OF_SCRIPTS;
    for (int i = 0; i < PART_COUNT; i++)
        call->words[call->count++] = store->keys[i];
    return 0;
}

static void call_add(struct call *call, const char *word)
{
    call->words[call->count++] = word;
}

static void call_finish(struct call *call)
{
    free(call->words);
    free(call->lengths);
}

static struct redis_command command_of(struct call *call)
{
    for (int i = 0; i < call->count; i++)
        call->lengths[i] = strlen(call->words[i]);
    return (struct redis_command){call->count, call->words, call->lengths};
}

/* What a server says instead of doing it. */
static int judge_error(struct store_redis *store, const redisReply *reply)
{
    const char *text = reply->str;
    int length = (int)strcspn(text, "\r\n");
    if (strstr(text, "WRONGTYPE")) {
        buffer_append_format(&store->error,
                             "the keys \"%s:…\" there hold something else and are left as they "
                             "are; name another ?prefix=",
                             store->url.prefix);
        return -EMEDIUMTYPE;
    }
    buffer_append_format(&store->error, "refused us: %.*s", length, text);
    redis_drop(store->redis); /* perhaps another server answers next time */
    return strncmp(text, "NOAUTH", 6) == 0 || strncmp(text, "NOPERM", 6) == 0 ? -EACCES : -EPROTO;
}

/* Returns 0 with a reply that is no error. The command may be sent twice. */
static int run(struct store_redis *store, const struct redis_command *command, int64_t deadline,
               redisReply **ret_reply)
{
    redisReply *reply;
    buffer_clear(&store->error);
    int r = redis_call(store->redis, command, deadline, &reply);
    if (r == -ECONNRESET || r == -EPIPE) /* the server was started anew, or tired of us */
        r = redis_call(store->redis, command, deadline, &reply);
    if (r == 0 && reply->type == REDIS_REPLY_ERROR) {
        r = judge_error(store, reply);
        freeReplyObject(reply);
    }
    if (r == 0)
        *ret_reply = reply;
    return r;
}

static int run_call(struct store_redis *store, struct call *call, redisReply **ret_reply)
{
    struct redis_command command = command_of(call);
    return run(store, &command, relay_now_ms() + CALL_MS, ret_reply);
}

/* ---- reading ---- */

static int64_t number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER  ? reply->integer
           : reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10)
                                               : 0;
}

/* {granted, seconds, text, revision, leases}; only the first if it is not our turn. */
static int take_look(struct store_redis *store, redisReply *reply, struct look *ret_look)
{
    struct look look = {.reply = reply};
    bool whole = reply->type == REDIS_REPLY_ARRAY && reply->elements == 5 &&
                 reply->element[3]->type == REDIS_REPLY_STRING &&
                 reply->element[4]->type == REDIS_REPLY_ARRAY;
    look.granted = whole;
    if (whole) {
        look.now = number_of(reply->element[1]);
        look.text = reply->element[2]->type == REDIS_REPLY_STRING ? reply->element[2] : NULL;
        look.revision = reply->element[3]->str;
        look.leases = reply->element[4];
        store->ahead = look.now - time(NULL);
    } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1) {
        buffer_append_text(&store->error, "answers in a way that is not understood");
        freeReplyObject(reply);
        return -EPROTO;
    }
    *ret_look = look;
    return 0;
}

static int add_leases(struct state *state, const redisReply *leases)
{
    struct lease lease;
    int r = 0;
    for (size_t i = 0; r >= 0 && i < leases->elements; i++) {
        const redisReply *item = leases->element[i];
        if (item->type == REDIS_REPLY_STRING &&
            (r = lease_parse(item->str, item->len, &lease)) == 0)
            r = state_add_lease(state, &lease);
        r = r == -EINVAL ? 0 : r; /* of a newer version: it expires by itself */
    }
    return r;
}

/* Runs of this machine that were killed are known to be gone before their leases expire. Their
 * names are added to `dead`, each with its NUL. */
static void drop_dead(struct state *state, struct buffer *dead)
{
    char name[OWNER_TEXT];
    for (size_t i = 0; i < state->lease_count;) {
        struct owner owner = state->leases[i].owner;
        if (!process_is_gone(&owner)) {
            i++;
            continue;
        }
        name_owner(&owner, name);
        buffer_append(dead, name, strlen(name) + 1);
        state_drop_leases(state, &owner);
    }
}

/* The state that a look shows. -EINVAL if the text is none. */
static int parse_look(const struct look *look, struct state *ret_state, struct buffer *dead)
{
    struct state state;
    int r = !look->text ? store_fresh_state(&state)
            : look->text->len > STATE_LARGEST
                ? -EINVAL
                : state_parse(look->text->str, look->text->len, &state);
    if (r < 0)
        return r;
    state.lease_count = 0;
    r = add_leases(&state, look->leases);
    if (r < 0) {
        state_finish(&state);
        return r;
    }
    state_settle(&state, look->now);
    drop_dead(&state, dead);
    *ret_state = state;
    return 0;
}

static int note_parse_error(struct store_redis *store, int r)
{
    if (r == -ENOTSUP)
        buffer_append_text(&store->error, "is of a newer tcr-run and is left as it is");
    else if (r == -EINVAL)
        buffer_append_text(&store->error, "holds a state that cannot be understood");
    else if (r == -ENOMEM)
        buffer_append_text(&store->error, "out of memory");
    return r;
}

int store_redis_read(struct store_redis *store, struct state *ret_state)
{
    struct call call;
    struct look look;
    struct buffer dead = {0};
    redisReply *reply = NULL;
    int r = call_init(store, &call, script_look, 0);
    if (r == 0)
        r = run_call(store, &call, &reply);
    call_finish(&call);
    if (r == 0)
        r = take_look(store, reply, &look);
    if (r < 0)
        return r;
    r = note_parse_error(store, parse_look(&look, ret_state, &dead));
    buffer_finish(&dead);
    freeReplyObject(reply);
    return r;
}

/* ---- changing ---- */

static int ask_for_turn(struct store_redis *store, bool passed, const char *try,
                        struct look *ret_look)
{
    struct call call;
    redisReply *reply = NULL;
    int r = call_init(store, &call, script_begin, 3);
    if (r == 0) {
        call_add(&call, passed ? "1" : "0");
        call_add(&call, try);
        call_add(&call, TURN_MS);
        r = run_call(store, &call, &reply);
    }
    call_finish(&call);
    return r < 0 ? r : take_look(store, reply, ret_look);
}

/* Waits in line, first come first served. *ret_passed: the turn was passed to us; else it is worth
 * asking again, because whoever has it may have died with it. */
static int stand_in_line(struct store_redis *store, bool *ret_passed)
{
    const char *words[] = {"BLPOP", store->keys[PART_TURN], TURN_SECONDS};
    const struct redis_command command = {3, words, NULL};
    redisReply *reply;
    int r = run(store, &command, relay_now_ms() + 2 * CALL_MS, &reply);
    if (r < 0)
        return r;
    *ret_passed = reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);
    return 0;
}

static int take_turn(struct store_redis *store, const char *try, int64_t deadline,
                     struct look *ret_look)
{
    bool passed = false;
    for (;;) {
        int r = ask_for_turn(store, passed, try, ret_look);
        if (r < 0 || ret_look->granted)
            return r;
        freeReplyObject(ret_look->reply);
        if (relay_now_ms() >= deadline) {
            buffer_append_format(&store->error, "others did not let us in for %d s",
                                 QUEUE_MS / 1000);
            return -ETIMEDOUT;
        }
        r = stand_in_line(store, &passed);
        if (r < 0)
            return r;
    }
}

/* A text that is no state is kept beside, for a person to look at. */
static int set_aside(struct store_redis *store, const struct look *look)
{
    char aside[300];
    snprintf(aside, sizeof aside, "%.280s:broken", store->url.prefix);
    const char *words[] = {"SET", aside, look->text->str};
    const size_t lengths[] = {3, strlen(aside), look->text->len};
    const struct redis_command command = {3, words, lengths};
    redisReply *reply;
    int r = run(store, &command, relay_now_ms() + CALL_MS, &reply);
    if (r < 0)
        return r;
    freeReplyObject(reply);
    log_say("the state in \"%s\" on the server could not be understood; it was set aside as \"%s\" "
            "and a new one is begun",
            store->keys[PART_STATE], aside);
    return 0;
}

static int load(struct store_redis *store, struct look *look, struct state *ret_state,
                struct buffer *dead)
{
    int r = parse_look(look, ret_state, dead);
    if (r == -EINVAL && look->text) {
        r = set_aside(store, look);
        look->text = NULL;
        if (r == 0)
            r = parse_look(look, ret_state, dead);
    }
    return note_parse_error(store, r);
}

static const struct lease *own_lease(const struct state *state)
{
    struct owner self = process_self();
    for (size_t i = 0; i < state->lease_count; i++)
        if (owner_equal(&state->leases[i].owner, &self))
            return &state->leases[i];
    return NULL;
}

/* The text without the leases: those are kept apart, so that renewing one changes nothing else. */
static char *print_without_leases(struct state *state)
{
    size_t leases = state->lease_count;
    state->lease_count = 0;
    char *text = state_print(state);
    state->lease_count = leases;
    return text;
}

static int64_t every_ms(const struct store_redis *store)
{
    return strtoll(store->lease_ms, NULL, 10) / RENEWALS;
}

static void remember_lease(struct store_redis *store, char *lease)
{
    free(store->lease);
    store->lease = lease;
    store->due = store->renewal = relay_now_ms() + every_ms(store);
}

/* Returns 1 if it was written, 0 if another came first. Where the answer to an earlier try was lost
 * with the connection, `try` tells whether that one was carried out. */
static int commit(struct store_redis *store, const char *try, const struct look *look,
                  const char *text, const char *lease, const struct buffer *dead)
{
    struct call call;
    redisReply *reply;
    int r = call_init(store, &call, script_commit, 6 + dead->length);
    if (r == 0) {
        call_add(&call, try);
        call_add(&call, look->revision);
        call_add(&call, text ? text : "");
        call_add(&call, store->self);
        call_add(&call, lease ? lease : "");
        call_add(&call, store->lease_ms);
        for (size_t i = 0; i < dead->length; i += strlen(dead->data + i) + 1)
            call_add(&call, dead->data + i);
        r = run_call(store, &call, &reply);
    }
    call_finish(&call);
    if (r < 0)
        return r;
    r = number_of(reply) != 0;
    freeReplyObject(reply);
    return r;
}

static int change_and_commit(struct store_redis *store, const char *try, struct look *look,
                             store_change *change, void *context, struct state *state,
                             const struct buffer *dead)
{
    char *text = NULL, *lease = NULL;
    bool write = change(state, look->now, context);
    const struct lease *own = own_lease(state);
    if (write)
        text = print_without_leases(state);
    if (own)
        lease = lease_print(own);
    int r =
        (write && !text) || (own && !lease) ? -ENOMEM : commit(store, try, look, text, lease, dead);
    free(text);
    if (r > 0)
        remember_lease(store, lease);
    else
        free(lease);
    return r;
}

/* Returns 1 with the state; 0 if another came first. */
static int try_once(struct store_redis *store, store_change *change, void *context,
                    int64_t deadline, struct state *ret_state)
{
    char try[OWNER_TEXT + NUMBER_TEXT];
    struct look look;
    struct state state;
    struct buffer dead = {0};
    snprintf(try, sizeof try, "%s#%lu", store->self, ++store->changes);
    int r = take_turn(store, try, deadline, &look);
    if (r < 0)
        return r;
    r = load(store, &look, &state, &dead);
    if (r == 0) {
        r = change_and_commit(store, try, &look, change, context, &state, &dead);
        if (r <= 0)
            state_finish(&state);
        else
            *ret_state = state;
    }
    freeReplyObject(look.reply);
    buffer_finish(&dead);
    return r;
}

int store_redis_update(struct store_redis *store, store_change *change, void *context,
                       struct state *ret_state)
{
    int64_t deadline = relay_now_ms() + QUEUE_MS;
    int r = 0;
    while (r == 0) {
        r = try_once(store, change, context, deadline, ret_state);
        if (r == 0 && relay_now_ms() >= deadline) {
            buffer_append_text(&store->error, "others always came first");
            r = -ETIMEDOUT;
        }
    }
    return r < 0 ? r : 0;
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

/* One entry of a stream: {id, {"line", text, …}}. */
static void give_entry(const redisReply *entry, char cursor[STORE_REDIS_ID],
                       void (*take)(void *, const char *, size_t), void *context)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING)
        return;
    const redisReply *fields = entry->element[1];
    snprintf(cursor, STORE_REDIS_ID, "%s", entry->element[0]->str);
    if (fields->type == REDIS_REPLY_ARRAY && fields->elements >= 2 &&
        fields->element[1]->type == REDIS_REPLY_STRING)
        take(context, fields->element[1]->str, fields->element[1]->len);
}

int store_redis_events(struct store_redis *store, char cursor[STORE_REDIS_ID],
                       void (*take)(void *context, const char *line, size_t length), void *context)
{
    const char *words[] = {"XREAD", "COUNT", "1000", "STREAMS", store->keys[PART_EVENTS], cursor};
    const struct redis_command command = {6, words, NULL};
    size_t count;
    do {
        redisReply *reply;
        int r = run(store, &command, relay_now_ms() + CALL_MS, &reply);
        if (r < 0)
            return r;
        /* {{key, {entry, …}}}, or nil if there are no more. */
        const redisReply *stream =
            reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 ? reply->element[0] : NULL;
        const redisReply *list = stream && stream->elements == 2 ? stream->element[1] : NULL;
        count = list && list->type == REDIS_REPLY_ARRAY ? list->elements : 0;
        for (size_t i = 0; i < count; i++)
            give_entry(list->element[i], cursor, take, context);
        freeReplyObject(reply);
    } while (count > 0);
    return 0;
}

/* ---- the lease ---- */

int64_t store_redis_due(const struct store_redis *store)
{
    return store->lease ? store->due : -1;
}

static int renew(struct store_redis *store)
{
    struct call call;
    int r = call_init(store, &call, script_renew, 3);
    if (r == 0) {
        call_add(&call, store->self);
        call_add(&call, store->lease);
        call_add(&call, store->lease_ms);
        struct redis_command command = command_of(&call);
        r = redis_post(store->redis, &command);
    }
    call_finish(&call);
    return r;
}

/* Until the answer is there the connection is looked at often, because a new one needs some steps;
 * a renewal whose answer did not come by the time of the next one was sent into nowhere. */
void store_redis_renew(struct store_redis *store, int64_t now)
{
    if (!store->lease || now < store->due)
        return;
    int missing = redis_step(store->redis);
    if (missing >= 0 && now < store->renewal) {
        store->due = missing > 0 ? now + LOOK_MS : store->renewal;
        return;
    }
    if (missing < 0 && missing != -ENOTCONN) {
        store->due = store->renewal = now + RETRY_MS;
        return;
    }
    if (missing > 0)
        redis_drop(store->redis);
    bool sent = renew(store) == 0;
    store->renewal = now + (sent ? every_ms(store) : RETRY_MS);
    store->due = sent ? now + LOOK_MS : store->renewal;
}

void store_redis_let_go(struct store_redis *store)
{
    struct call call;
    int64_t deadline = relay_now_ms() + PARTING_MS;
    int r = store->lease ? call_init(store, &call, script_let_go, 1) : -ENOENT;
    if (r == 0) {
        call_add(&call, store->self);
        struct redis_command command = command_of(&call);
        (void)redis_post(store->redis, &command);
        free(store->lease);
        store->lease = NULL;
    }
    if (r != -ENOENT)
        call_finish(&call);
    redis_settle(store->redis, deadline);
}
