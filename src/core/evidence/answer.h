/* What a provider's answer to a probe says of the key. */
#pragma once

#include "core/evidence/message.h"
#include "core/pool/failure.h"

#include <stddef.h>

enum check_state {
    CHECK_VALID,
    CHECK_LIMITED,     /* good, but used up or throttled for a while */
    CHECK_REFUSED,     /* of no use until a person acts */
    CHECK_UNREACHABLE, /* no answer, or the provider's own trouble: says nothing of the key */
    CHECK_UNCLEAR,     /* nothing could be asked, or the answer is none to the question */
};

/* An HTTP response. */
struct answer {
    int status;
    const char *headers; /* lines */
    const char *body;    /* or its beginning */
    size_t body_length;
};

#define MEANING_ORGANIZATION 65

struct meaning {
    enum check_state state;
    struct finding finding; /* as of a run that failed so; CLASS_NONE: nothing befell the key */
    char organization[MEANING_ORGANIZATION]; /* the provider's id for it; "" if not told */
};

void answer_read(const struct answer *answer, const struct reading_time *time,
                 struct meaning *ret_meaning);

/* "valid", "limited", "refused", "unreachable", "unchecked" */
const char *check_state_name(enum check_state state);
