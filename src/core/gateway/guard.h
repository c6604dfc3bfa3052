/* Who may speak to the gateway: asked of every request at its head, before its body is read. */
#pragma once

#include <stddef.h>

/* What a listener admits. All is borrowed. */
struct guard {
    const char *token;        /* the stand-in; NULL on a socket in a folder of its owner's alone */
    const char *const *hosts; /* as Host may name it: "127.0.0.1:4080", "localhost:4080", … */
    size_t host_count;        /* 0: any */
};

enum guard_verdict {
    GUARD_ADMITTED,
    GUARD_FRAMING, /* 400: lengths that two readers read differently */
    GUARD_TARGET,  /* 400: neither a path nor http://HOST/PATH */
    GUARD_HOST,    /* 421: a name that is not ours: a page that had it resolved to us */
    GUARD_ORIGIN,  /* 403: a page of another origin */
    GUARD_TOKEN,   /* 401: the stand-in is missing or wrong */
    GUARD_COUNT,
};

/* `method` and `target` as on the request line, `head` as in base/head.h. The stand-in is taken as
 * x-api-key or as a bearer token, and compared in a time that does not depend on it. */
enum guard_verdict guard_check(const struct guard *guard, const char *method, const char *target,
                               const char *head);

/* The status that is answered, and a sentence for the client without anything it sent. */
int guard_status(enum guard_verdict verdict);
const char *guard_sentence(enum guard_verdict verdict);
