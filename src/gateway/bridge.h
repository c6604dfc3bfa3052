/* Stands between a request and a key of another format, or one that has another name for the model:
 * what is sent instead, and how the answer is changed for the client. If nothing has to be changed,
 * bytes pass and nothing here is used. */
#pragma once

#include "core/gateway/eventstream.h"
#include "core/pool/modelmap.h"
#include "core/pool/provider.h"
#include "core/translate/translate.h"

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct candidate;
struct reply;

struct bridge {
    char asked[MODELMAP_NAME]; /* by the client; "" while the first model is tried */
    size_t step;               /* how many models were tried after it */
    bool bare;                 /* sent without thinking, after a signature was refused */
    bool was_bare;             /* the answer to such a request has come */
    unsigned omit;             /* REFUSABLE_...: fields that were refused */

    /* Of the try: */
    bool translates;                 /* the key speaks another format */
    char model[MODELMAP_NAME];       /* that it is asked for; "" if the body passes unchanged */
    struct translation *translation; /* while it does: it is large. Borrows from the exchange */
    struct buffer body;              /* sent in place of the request's; empty: that one */
    struct reply *reply;             /* once the answer goes out */
    char id[32];
};

void bridge_finish(struct bridge *bridge);

/* Once the roster is known: whose API a path below /v1 is that is not in the table of routes, or
 * that both have (files), as the headers tell. */
void bridge_find_provider(struct exchange *exchange);

/* True if this request can go to a key of this kind at all; and to this key, for the model. */
bool bridge_takes_kind(const struct exchange *exchange, const struct kind *kind);
bool bridge_serves(const struct exchange *exchange, const struct key *key);

/* True if the pool has a key for Anthropic's API. */
bool bridge_has_claude(const struct exchange *exchange);

/* Takes the next model that the key file names instead of the one asked for; false if there is none
 * for this request. */
bool bridge_next_model(struct exchange *exchange);

/* Returns to the model that was asked for. */
void bridge_first_model(struct exchange *exchange);

/* A provider refused the signature of a thinking block: true, once, if the request can be sent
 * without it. */
bool bridge_drops_thinking(struct exchange *exchange, int status, const char *body, size_t length);

/* A model refused fields that can be left out: true if the request can be sent without them. */
bool bridge_leaves_out(struct exchange *exchange, int status, const char *body, size_t length);

/* Makes what the key gets: the target, the head, and, if it differs from the request's, the
 * bridge's `body`. Returns 0, -ENOMEM, or -EINVAL with the translation's fault. */
int bridge_prepare(struct exchange *exchange, const struct key *key, struct buffer *ret_target,
                   struct buffer *ret_head);

/* The provider whose answer comes, and how its stream is read. */
enum provider bridge_provider(const struct exchange *exchange);
enum eventstream_format bridge_stream(const struct exchange *exchange);

/* A refusal in the client's format, made from `bytes`. Returns the status that goes with it. */
int bridge_fault(struct exchange *exchange, int status, const char *bytes, size_t length,
                 struct buffer *ret_body);

/* The answer's own head in the client's format, from the provider's. */
void bridge_head(const struct exchange *exchange, const char *head, struct buffer *ret_head);

/* A list of models, from a Claude key, for a program that speaks OpenAI's format; replaces what
 * waits to be sent. False if out of memory. */
bool bridge_list(struct exchange *exchange);

/* The answer begins to be sent; then its bytes, and its end. False if out of memory. */
bool bridge_begin(struct exchange *exchange);
bool bridge_take(struct exchange *exchange, const char *bytes, size_t length);
bool bridge_end(struct exchange *exchange);

/* True if it was translated to its end without an error. */
bool bridge_ended_well(const struct exchange *exchange);
