/* What a request is for, by its method and path: whether it may be sent twice, how to read its
 * stream, and whether what it creates belongs to the key that created it. */
#pragma once

#include "core/gateway/eventstream.h"
#include "core/pool/provider.h"

#include <stdbool.h>
#include <stddef.h>

enum route_id {
    ROUTE_PROBE,        /* HEAD /, HEAD or GET /api/hello: answered by the gateway itself */
    ROUTE_USAGE,        /* GET /usage: the same */
    ROUTE_CONTROL,      /* /status, /health, /metrics: the same; control.h */
    ROUTE_PAGE,         /* GET /, and below /page: the same; pageroute.h */
    ROUTE_MESSAGES,     /* POST /v1/messages */
    ROUTE_COUNT_TOKENS, /* its failures touch no key's state */
    ROUTE_MODELS,
    ROUTE_AGENT,   /* below /sdk: Claude Code answers */
    ROUTE_OPENAI,  /* chat/completions, responses, completions, embeddings */
    ROUTE_OBJECTS, /* files, batches, containers, skills, …: bound to the key that made them */
    ROUTE_OTHER,
};

#define ROUTE_OBJECT 128

struct route {
    enum route_id id;
    bool repeatable; /* sending it twice costs more but does no harm */
    bool creates; /* creates something that only this key can see: sessionid_read_made finds its id
                   */
    enum eventstream_format stream;
    enum provider provider;    /* whose API it is; PROVIDER_UNKNOWN if unclear */
    char object[ROUTE_OBJECT]; /* the id in the path; "" if none */
};

/* `target` as on the request line, in origin or absolute form. */
void route_find(const char *method, const char *target, struct route *ret_route);

/* The path of a target, after http://HOST if it has that; NULL if it has no path. */
const char *route_path(const char *target);

/* The same, without /api before it where OpenAI's API is asked for below that. */
const char *route_api_path(const char *target);
