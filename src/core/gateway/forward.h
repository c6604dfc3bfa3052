/* Which headers of a request are passed on to the provider, and of an answer to the client. Bodies
 * are not examined: they pass byte for byte. All heads are texts as in base/head.h. */
#pragma once

#include "base/buffer.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stdint.h>

/* The key that a request is sent with. The text is borrowed. */
struct forward_key {
    enum kind_id kind;  /* KIND_OAUTH, KIND_API or KIND_OPENAI */
    const char *secret; /* the token itself */
};

/*
 * Builds what the provider gets, in CURLOPT_HTTPHEADER's form: one line for each header ("name:
 * value", "name;" for one without a value, "name:" for one that curl would add by itself and must
 * not), ended by two NULs, so that lines can be joined in place; to be walked with
 * forward_next_line. Headers keep their order and spelling;
 * these differ:
 *  - hop-by-hop headers, and those that Connection names, go; so do Host and Content-Length, which
 *    curl sends by itself, and Expect;
 *  - every credential goes (authorization, x-api-key, proxy-authorization, cookies, …), and the
 *    key's own is added once;
 *  - anthropic-beta gets oauth-2025-04-20 for an OAuth key, where it lacks it, and loses that one
 *    alone for any other;
 *  - what speaks to the gateway goes: x-tcr-*, x-account-name;
 *  - Accept-Encoding is identity, or the gateway could not read what comes back.
 * The result holds the secret: end it with buffer_finish_wiping. Check `failed` of the buffer. */
void forward_request(const char *head, const struct forward_key *key, struct buffer *ret_lines);

/* The line at `*at` (NULL: the first), which moves past it; NULL at the end. */
const char *forward_next_line(const struct buffer *lines, const char **at);

#define FORWARD_LENGTH_UNKNOWN -1

/*
 * What the client gets of the provider's head, appended to `ret_head`. Removed are hop-by-hop
 * headers, Content-Length (which is *ret_length, or FORWARD_LENGTH_UNKNOWN: libmicrohttpd sends it
 * by itself), cookies, what binds a browser or a client to an address that is not ours
 * (access-control-*, alt-svc, strict-transport-security) and x-tcr-*, which is for the gateway to
 * say. All else passes, the rate-limit headers unchanged. */
void forward_answer(const char *head, struct buffer *ret_head, int64_t *ret_length);

/* The request's address: `base` (the key's base_url, or the provider's own), then path and query of
 * the target as it stood on the request line, byte for byte. A target in absolute form counts from
 * its path on. Where base ends in "/v1" and the path begins with it, it is there only once:
 * OpenAI's clients take it for a part of the address. Returns 0; -EINVAL for a target without a
 * path or with bytes that no request line may hold, with nothing appended. Give it to curl with
 * CURLOPT_PATH_AS_IS. */
int forward_url(const char *base, const char *target, struct buffer *ret_url);
