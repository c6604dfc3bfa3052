/* Which key a request goes out with, and what befell it. */
#pragma once

#include "core/pool/failure.h"
#include "gateway/exchange.h"

#include <stdbool.h>
#include <stdint.h>

enum picker_result {
    PICKER_CHOSE,   /* exchange->candidate */
    PICKER_WAITS,   /* its secret is being fetched; the exchange is marked when it is there */
    PICKER_HOLDS,   /* all rest; the exchange's timer is set */
    PICKER_UNKNOWN, /* the key picked by hand is not in the pool */
    PICKER_NONE,
    PICKER_NO_MEMORY,
};
enum picker_result picker_choose(struct exchange *exchange);

/* The request's last key was refused: true if it waits until one is ready (the timer is set), as
 * with PICKER_HOLDS. */
bool picker_hold(struct exchange *exchange);

/* Why there is none: what the client is told. */
struct picker_why {
    int status;
    char sentence[512];
    int64_t retry_after;               /* seconds; 0: not known */
    int64_t until;                     /* seconds since 1970; 0: not known */
    const struct candidate *candidate; /* that is ready then; NULL: none rests */
    enum failure_class class;          /* and why it rests */
    char what[FINDING_MODEL];
};
void picker_explain(const struct exchange *exchange, struct picker_why *ret_why);

/* The key's answer says that it is to rest. */
void picker_failed(struct exchange *exchange, const struct finding *finding);

/* Nothing follows a key that failed: no other is left, or (`client_left`) nobody waits. Says it if
 * it was not said yet. */
void picker_tell_end(struct exchange *exchange, bool client_left);

/* The request was answered well. */
void picker_succeeded(struct exchange *exchange);

/* The head of any answer: it tells how much of the key's windows is used. */
void picker_note_answer(struct exchange *exchange, const char *head);

/* The key was not accepted: true if it is worth another try with a secret that is being got anew.
 * Then the next picker_choose waits for that. */
bool picker_renew(struct exchange *exchange);

/* The key is not asked again in this request. False if out of memory. */
bool picker_pass_over(struct exchange *exchange, const struct finding *finding);

/* Notes that the key made something that only it can see. */
void picker_bind(struct exchange *exchange, const char *object);

/* The id of a session that is a connection. */
#define PICKER_SESSION 48
void picker_name_connection(uint64_t number, char ret_id[PICKER_SESSION]);

/* What a request that failed in this way could still be sent with. */
struct picker_left {
    unsigned keys;
    bool master;
    bool bound; /* to this key alone */
};
struct picker_left picker_count_left(struct exchange *exchange, enum failure_class class);

/* The request is over. */
void picker_give_back(struct exchange *exchange);
