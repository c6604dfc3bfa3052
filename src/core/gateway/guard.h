/* Who may use the gateway. Every request is checked when its head has come, before its body is
 * read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whom a listener admits. Everything is borrowed. */
struct guard {
    const char
        *token;      /* the stand-in; NULL on a socket in a folder that only its owner can enter */
    bool users_only; /* the stand-in does not count either: other machines come in here */
    const char *const
        *hosts; /* as the Host header may name them: "127.0.0.1:4080", "localhost:4080", … */
    size_t host_count; /* 0: any */
};

enum guard_verdict {
    GUARD_ADMITTED,
    GUARD_FRAMING, /* 400: lengths that two readers read differently */
    GUARD_TARGET,  /* 400: neither a path nor http://HOST/PATH */
    GUARD_METHOD,  /* 405: TRACE asks for the request as the provider got it, with the key */
    GUARD_HOST,    /* 421: not one of our names: a web page had a name of its own resolved to us */
    GUARD_ORIGIN,  /* 403: a web page of another origin */
    GUARD_TOKEN,   /* 401: the stand-in is missing or wrong */
    GUARD_COUNT,
};

/* `method` and `target` as on the request line, `head` as in base/head.h. The stand-in may come as
 * x-api-key or as a bearer token, and is compared in constant time. */
enum guard_verdict guard_check(const struct guard *guard, const char *method, const char *target,
                               const char *head);

/* The status of the answer, and a sentence for the client, which repeats nothing that it sent. */
int guard_status(enum guard_verdict verdict);
const char *guard_sentence(enum guard_verdict verdict);
