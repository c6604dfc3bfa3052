/* What a provider's answer says of the key: to a probe, or to a request that did work. */
#pragma once

#include "core/evidence/message.h"
#include "core/pool/failure.h"
#include "core/pool/provider.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum check_state {
    CHECK_VALID,
    CHECK_LIMITED,     /* good, but used up or throttled for a while */
    CHECK_REFUSED,     /* unusable until a person acts */
    CHECK_UNREACHABLE, /* no answer, or the provider's own trouble: says nothing of the key */
    CHECK_UNCLEAR,     /* nothing could be asked, or the answer does not answer the question */
};

/* An HTTP response. */
struct answer {
    int status;
    const char *headers; /* as in base/head.h */
    const char *body;    /* or its beginning */
    size_t body_length;
    enum provider provider; /* whose answer it is; PROVIDER_UNKNOWN is read as Anthropic's */
};

#define MEANING_ORGANIZATION 65

struct meaning {
    enum check_state state;
    struct finding
        finding; /* as of a run that failed so; CLASS_NONE: nothing happened to the key */
    char organization[MEANING_ORGANIZATION]; /* the provider's id for it; "" if not told */
    bool rests;                              /* the key is to rest, by the finding's class */
    bool should_not_retry;                   /* x-should-retry: false */
    int64_t retry_after; /* seconds from now, as retry-after tells; -1 if it does not */
};

/* An answer to a probe. */
void answer_read(const struct answer *answer, const struct reading_time *time,
                 struct meaning *ret_meaning);

/*
 * An answer to a request for messages (or OpenAI's kinds of it). What differs from a probe's:
 *  - a success is one whatever its windows say: the next request meets the closed one. With an
 *    error for its body, or an error event of a stream in its place (its data is given as body,
 *    the status stays 200), the error's type decides;
 *  - a 429 that brings neither a reset nor a retry-after says nothing of the key: CLASS_THROTTLED
 *    without `rests`. So does a 5xx (CLASS_SERVER);
 *  - a 429 about long context, or another that the model in use needs credits for, is that
 *    model's alone, whatever the windows say;
 *  - 400, 404, 413 and 422 are about the request: CLASS_NONE, except where their text tells of
 *    missing credit.
 */
void answer_read_request(const struct answer *answer, const struct reading_time *time,
                         struct meaning *ret_meaning);

/* "valid", "limited", "refused", "unreachable", "unchecked" */
const char *check_state_name(enum check_state state);
