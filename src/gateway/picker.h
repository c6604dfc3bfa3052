/* Chooses the key for a request, and records what happened to it. */
#pragma once

#include "core/pool/failure.h"
#include "gateway/exchange.h"

#include <stdbool.h>
#include <stdint.h>

enum picker_result {
    PICKER_CHOSE,   /* exchange->candidate */
    PICKER_WAITS,   /* its secret is being fetched; the exchange is marked once it is there */
    PICKER_HOLDS,   /* all rest; the exchange's timer is set */
    PICKER_UNKNOWN, /* the key picked by hand is not one that it may use */
    PICKER_NONE,
    PICKER_NO_MEMORY,
};
enum picker_result picker_choose(struct exchange *exchange);

/* No key is left for the request as it is. True if there is something else to choose from now: the
 * pool's keys of the other sort, then another model, and at last, once, the master, with the model
 * that was asked for first. */
bool picker_finds_another_way(struct exchange *exchange);

/* No key is ready for the request. True if it waits for one (the timer is set), as with
 * PICKER_HOLDS: until the first rest ends, or, where all are in use (max_per_key), for a place. */
bool picker_hold(struct exchange *exchange);

/* The same for any place that others take up; looked at again now and then, for as long as --hold
 * says in all. */
bool picker_wait_for_place(struct exchange *exchange);

/* A place is free: who waits for one looks again, the oldest first. */
void picker_wake(struct gateway *gateway);

/* How long a client waits for a head; then it gets one, if it asked for a stream, and a sign of
 * life now and then. clock_now_ms of the next one. */
#define PICKER_PING_MS 20000
int64_t picker_next_sign(const struct exchange *exchange);

/* Why there is no key, for the client's answer. */
struct picker_why {
    int status;
    char sentence[512];
    int64_t retry_after; /* seconds; 0: not known */
    int64_t until;       /* seconds since 1970; 0: not known */
    const struct candidate
        *candidate;           /* the key the key the key that is ready then; NULL: none rests */
    enum failure_class class; /* why it rests */
    char what[FINDING_MODEL];
};
void picker_explain(struct exchange *exchange, struct picker_why *ret_why);

/* The answer says that the key has to rest. */
void picker_failed(struct exchange *exchange, const struct finding *finding);

/* Nothing follows a key that failed: no other is left, or (`client_left`) nobody waits. Reports
 * that, once. */
void picker_tell_end(struct exchange *exchange, bool client_left);

/* Of the exchange's key. */
struct ramp *picker_ramp(struct exchange *exchange);

/* The request was answered well. */
void picker_succeeded(struct exchange *exchange);

/* Reads from the head of any answer how much of the key's windows is used. */
void picker_note_answer(struct exchange *exchange, const char *head);

/* The key was not accepted. True if its secret is being fetched again and is worth another try: the
 * next picker_choose waits for it. */
bool picker_renew(struct exchange *exchange);

/* This request does not use the key again. False if out of memory. */
bool picker_pass_over(struct exchange *exchange, const struct finding *finding);

/* Records that the key made an object that only this key can see. */
void picker_bind(struct exchange *exchange, const char *object);

/* The id of a session that is identified by its connection. */
#define PICKER_SESSION 48
void picker_name_connection(uint64_t number, char ret_id[PICKER_SESSION]);

/* The keys that are left for a request that failed in this way. */
struct picker_left {
    unsigned keys;
    bool master;
    bool bound; /* the request names what only this key can see */
};
struct picker_left picker_count_left(struct exchange *exchange, enum failure_class class);

/* The request is over. */
void picker_give_back(struct exchange *exchange);
