/* Between a request and a key that speaks another format, or another model's name: what is sent in
 * its place, and what its answer is for the one who asked. Where nothing has to be changed, bytes
 * pass and nothing here is used. */
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
    size_t step;               /* models tried after that one */
    bool bare;                 /* sent without thinking, after a signature was refused */
    bool was_bare;             /* the answer to that has come */
    unsigned omit;             /* of REFUSABLE_...: fields that were refused */

    /* Of the try: */
    bool translates;                 /* the key speaks another format */
    char model[MODELMAP_NAME];       /* that it is asked for; "" if the body passes unchanged */
    struct translation *translation; /* while it does: it is large. Borrows from the exchange */
    struct buffer body;              /* sent in place of the request's; empty: that one */
    struct reply *reply;             /* once the answer goes out */
    char id[32];
};

void bridge_finish(struct bridge *bridge);

/* True if requests of this kind can go to such a key at all, and to this key for the model. */
bool bridge_takes_kind(const struct exchange *exchange, const struct kind *kind);
bool bridge_serves(const struct exchange *exchange, const struct key *key);

/* True if the pool has a key for Anthropic's API. */
bool bridge_has_claude(const struct exchange *exchange);

/* The next model by the key file's table in the place of the one asked for; false if there is none
 * for this request. */
bool bridge_next_model(struct exchange *exchange);

/* Back to the model that was asked for. */
void bridge_first_model(struct exchange *exchange);

/* A provider refused the signature of a thinking block: true, once, if the request can be sent
 * without. */
bool bridge_drops_thinking(struct exchange *exchange, int status, const char *body, size_t length);

/* A model refused fields that can be left out: true if the request can be sent without. */
bool bridge_leaves_out(struct exchange *exchange, int status, const char *body, size_t length);

/* Makes what the key gets: the target of its address and the head; `body` of the bridge, if that is
 * another one. Returns 0, -ENOMEM, or -EINVAL with the translation's fault. */
int bridge_prepare(struct exchange *exchange, const struct key *key, struct buffer *ret_target,
                   struct buffer *ret_head);

/* The provider whose answer comes, and how its stream is read. */
enum provider bridge_provider(const struct exchange *exchange);
enum eventstream_format bridge_stream(const struct exchange *exchange);

/* A refusal in the client's format; `bytes` is what came. Gives the status that goes with it. */
int bridge_fault(struct exchange *exchange, int status, const char *bytes, size_t length,
                 struct buffer *ret_body);

/* The answer's own head in the client's format, from the provider's. */
void bridge_head(const struct exchange *exchange, const char *head, struct buffer *ret_head);

/* A list of models that a Claude key gave to a program of OpenAI's format, in the place of what
 * waits to go out. False if out of memory. */
bool bridge_list(struct exchange *exchange);

/* The answer begins to go out; then what comes of it, and its end. False if out of memory. */
bool bridge_begin(struct exchange *exchange);
bool bridge_take(struct exchange *exchange, const char *bytes, size_t length);
bool bridge_end(struct exchange *exchange);

/* Translated to its end, and well. */
bool bridge_ended_well(const struct exchange *exchange);
