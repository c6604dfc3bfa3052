/* Which key a request goes out with, and what befell it. */
#pragma once

#include "core/pool/failure.h"
#include "gateway/exchange.h"

#include <stdbool.h>
#include <stdint.h>

enum picker_result {
    PICKER_CHOSE, /* exchange->candidate */
    PICKER_WAITS, /* its secret is being fetched; the exchange is marked when it is there */
    PICKER_HOLDS, /* all rest; the exchange's timer is set */
    PICKER_NONE,
    PICKER_NO_MEMORY,
};
enum picker_result picker_choose(struct exchange *exchange);

/* Why there is none: what the client is told. */
struct picker_why {
    int status;
    char sentence[512];
    int64_t retry_after; /* seconds; 0: not known */
};
void picker_explain(const struct exchange *exchange, struct picker_why *ret_why);

/* The key's answer says that it is to rest. */
void picker_failed(struct exchange *exchange, const struct finding *finding);

/* The request was answered well. */
void picker_succeeded(struct exchange *exchange);

/* The key is not asked again in this request. `failed`: it is to be said that it failed. False if
 * out of memory. */
bool picker_pass_over(struct exchange *exchange, const struct finding *finding, bool failed);

/* What a request that failed in this way could still be sent with. */
struct picker_left {
    unsigned keys;
    bool master;
    bool bound; /* to this key alone */
};
struct picker_left picker_count_left(struct exchange *exchange, enum failure_class class);

/* The request is over. */
void picker_give_back(struct exchange *exchange);
