#include "system/store/store_redis_parts.h"

#include "system/clock.h"
#include "system/process/process.h"
#include "system/store/redis_scripts.h"
#include "system/store/store_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_MS      5000 /* to wait for a turn, as for the lock of a file */
#define TURN_MS       "1000"
#define TURN_SECONDS  "1"
#define STATE_LARGEST (64 * 1024 * 1024)
#define TIME_LARGEST  INT64_C(253402300799) /* the year 9999 */

/* One look at the server. */
struct server_answer {
    redisReply *reply;
    bool granted;
    int64_t now;
    const redisReply *text;
    const char *revision;
    const redisReply *leases;
};

static int64_t number_of(const redisReply *reply)
{
    return !reply                               ? 0
           : reply->type == REDIS_REPLY_INTEGER ? reply->integer
           : reply->type == REDIS_REPLY_STRING  ? strtoll(reply->str, NULL, 10)
                                                : 0;
}

/* Far enough from the ends of the type for rests to be added. */
static bool is_time(int64_t seconds)
{
    return seconds >= 0 && seconds <= TIME_LARGEST;
}

static int not_understood(struct store_redis *store, redisReply *reply)
{
    buffer_append_text(&store->error, "answers in a way that is not understood");
    freeReplyObject(reply);
    return -EPROTO;
}

/* {granted, seconds, text, revision, leases}; only the first if it is not our turn. Frees a reply
 * of any other form. */
static int take_look(struct store_redis *store, redisReply *reply, struct server_answer *ret_look)
{
    struct server_answer look = {.reply = reply};
    bool whole = reply->type == REDIS_REPLY_ARRAY && reply->elements == 5 &&
                 reply->element[3]->type == REDIS_REPLY_STRING &&
                 reply->element[4]->type == REDIS_REPLY_ARRAY &&
                 is_time(number_of(reply->element[1]));
    look.granted = whole;
    if (whole) {
        look.now = number_of(reply->element[1]);
        look.text = reply->element[2]->type == REDIS_REPLY_STRING ? reply->element[2] : NULL;
        look.revision = reply->element[3]->str;
        look.leases = reply->element[4];
        store->ahead = look.now - time(NULL);
    } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1) {
        return not_understood(store, reply);
    }
    *ret_look = look;
    return 0;
}

static int add_leases(struct state *state, const redisReply *leases)
{
    int r = 0;
    for (size_t i = 0; r >= 0 && i < leases->elements; i++) {
        const redisReply *item = leases->element[i];
        if (item->type == REDIS_REPLY_STRING)
            r = leases_parse(item->str, item->len, state);
        r = r == -EINVAL ? 0 : r; /* the state is of a newer version, and expires by itself */
    }
    return r;
}

/* Runs of this machine that were killed are known to be gone before their leases expire. Their
 * names are added to `dead`, each with its NUL. */
static void drop_dead(struct state *state, struct buffer *dead)
{
    char name[STORE_OWNER_TEXT];
    for (size_t i = 0; i < state->lease_count;) {
        struct owner owner = state->leases[i].owner;
        if (!process_is_gone(&owner, state->leases[i].ticket > 0)) {
            i++;
            continue;
        }
        store_redis_name(&owner, name);
        buffer_append(dead, name, strlen(name) + 1);
        state_drop_leases(state, &owner);
    }
}

/* The state in the answer to a look. -EINVAL if the text is not a state. */
static int parse_look(const struct server_answer *look, struct state *ret_state,
                      struct buffer *dead)
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
        buffer_append_text(&store->error, "was written by a newer tcr-run and is left as it is");
    else if (r == -EINVAL)
        buffer_append_text(&store->error, "holds a state that cannot be understood");
    else if (r == -ENOMEM)
        buffer_append_text(&store->error, "out of memory");
    return r;
}

int store_redis_read(struct store_redis *store, struct state *ret_state)
{
    struct eval eval;
    struct server_answer look = {0};
    struct buffer dead = {0};
    redisReply *reply = NULL;
    int r = eval_init(store, &eval, script_look, 0);
    if (r == 0)
        r = eval_run(store, &eval, &reply);
    eval_finish(&eval);
    if (r == 0)
        r = take_look(store, reply, &look);
    if (r == 0 && !look.granted) /* reading needs no turn */
        r = not_understood(store, reply);
    if (r < 0)
        return r;
    r = note_parse_error(store, parse_look(&look, ret_state, &dead));
    buffer_finish(&dead);
    freeReplyObject(reply);
    return r;
}

/* ---- changing ---- */

static int ask_for_turn(struct store_redis *store, bool passed, const char *try,
                        struct server_answer *ret_look)
{
    struct eval eval;
    redisReply *reply = NULL;
    int r = eval_init(store, &eval, script_begin, 3);
    if (r == 0) {
        eval_add(&eval, passed ? "1" : "0");
        eval_add(&eval, try);
        eval_add(&eval, TURN_MS);
        r = eval_run(store, &eval, &reply);
    }
    eval_finish(&eval);
    return r != 0 ? r : take_look(store, reply, ret_look);
}

/* Waits in line, first come first served. *ret_passed is true if the turn was passed to us;
 * otherwise it is worth asking again, because whoever has the turn may have died with it. */
static int stand_in_line(struct store_redis *store, bool *ret_passed)
{
    const char *words[] = {"BLPOP", store->keys[PART_TURN], TURN_SECONDS};
    const struct redis_command command = {3, words, NULL};
    redisReply *reply = NULL;
    int r = store_redis_run(store, &command, clock_now_ms() + 2 * STORE_CALL_MS, &reply);
    if (r < 0)
        return r;
    *ret_passed = reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);
    return 0;
}

static int take_turn(struct store_redis *store, const char *try, int64_t deadline,
                     struct server_answer *ret_look)
{
    bool passed = false;
    for (;;) {
        int r = ask_for_turn(store, passed, try, ret_look);
        if (r < 0 || ret_look->granted)
            return r;
        freeReplyObject(ret_look->reply);
        if (clock_now_ms() >= deadline) {
            buffer_append_format(&store->error, "others did not let us in for %d s",
                                 QUEUE_MS / 1000);
            return -ETIMEDOUT;
        }
        r = stand_in_line(store, &passed);
        if (r < 0)
            return r;
    }
}

/* A text that is not a state is kept under another name, for a person to look at. */
static int set_aside(struct store_redis *store, const struct server_answer *look)
{
    char aside[300];
    snprintf(aside, sizeof aside, "%.280s:broken", store->url.prefix);
    const char *words[] = {"SET", aside, look->text->str};
    const size_t lengths[] = {3, strlen(aside), look->text->len};
    const struct redis_command command = {3, words, lengths};
    redisReply *reply = NULL;
    int r = store_redis_run(store, &command, clock_now_ms() + STORE_CALL_MS, &reply);
    if (r < 0)
        return r;
    freeReplyObject(reply);
    host_report(
        store->host, REPORT_WARN,
        "the state in \"%s\" on the server could not be understood; it was set aside as \"%s\" "
        "and a new one is begun",
        store->keys[PART_STATE], aside);
    return 0;
}

static int load(struct store_redis *store, struct server_answer *look, struct state *ret_state,
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

static bool has_lease(const struct state *state, const struct owner *owner)
{
    for (size_t i = 0; i < state->lease_count; i++)
        if (owner_equal(&state->leases[i].owner, owner))
            return true;
    return false;
}

/* The text without the leases. They are kept apart, so that renewing one changes nothing else. */
static char *print_without_leases(struct state *state)
{
    size_t leases = state->lease_count;
    state->lease_count = 0;
    char *text = state_print(state);
    state->lease_count = leases;
    return text;
}

/* Returns 1 if it was written, 0 if another change came first. If the answer to an earlier try was
 * lost with the connection, `try` tells whether that one was carried out. */
static int commit(struct store_redis *store, const char *try, const struct server_answer *look,
                  const char *text, const char *lease, const struct buffer *dead)
{
    struct eval eval;
    redisReply *reply = NULL;
    int r = eval_init(store, &eval, script_commit, 6 + dead->length);
    if (r == 0) {
        eval_add(&eval, try);
        eval_add(&eval, look->revision);
        eval_add(&eval, text ? text : "");
        eval_add(&eval, store->self);
        eval_add(&eval, lease ? lease : "");
        eval_add(&eval, store->lease_ms);
        for (size_t i = 0; i < dead->length; i += strlen(dead->data + i) + 1)
            eval_add(&eval, dead->data + i);
        r = eval_run(store, &eval, &reply);
    }
    eval_finish(&eval);
    if (r < 0)
        return r;
    r = number_of(reply) != 0;
    freeReplyObject(reply);
    return r;
}

static int change_and_commit(struct store_redis *store, const char *try, struct server_answer *look,
                             store_change *change, void *context, struct state *state,
                             const struct buffer *dead)
{
    char *text = NULL, *lease = NULL;
    bool write = change(state, look->now, context) || state->came_back;
    const struct owner self = process_self();
    bool own = has_lease(state, &self);
    if (write)
        text = print_without_leases(state);
    if (own)
        lease = leases_print(state, &self);
    int r =
        (write && !text) || (own && !lease) ? -ENOMEM : commit(store, try, look, text, lease, dead);
    free(text);
    if (r > 0)
        store_redis_remember(store, lease);
    else
        free(lease);
    return r;
}

/* Returns 1 with the state, or 0 if another change came first. */
static int try_once(struct store_redis *store, store_change *change, void *context,
                    int64_t deadline, struct state *ret_state)
{
    char try[STORE_OWNER_TEXT + STORE_NUMBER_TEXT];
    struct server_answer look = {0};
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
    int64_t deadline = clock_now_ms() + QUEUE_MS;
    int r = 0;
    while (r == 0) {
        r = try_once(store, change, context, deadline, ret_state);
        if (r == 0 && clock_now_ms() >= deadline) {
            buffer_append_text(&store->error, "others always came first");
            r = -ETIMEDOUT;
        }
    }
    return r < 0 ? r : 0;
}
