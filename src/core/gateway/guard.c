#include "core/gateway/guard.h"

#include "base/head.h"
#include "core/gateway/route.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool equals(const char *text, size_t length, const char *wanted)
{
    return strlen(wanted) == length && strncasecmp(text, wanted, length) == 0;
}

static bool host_is_ours(const struct guard *guard, const char *host, size_t length)
{
    for (size_t i = 0; i < guard->host_count; i++)
        if (equals(host, length, guard->hosts[i]))
            return true;
    return guard->host_count == 0;
}

/* Digests of one length: neither the time taken nor the length of what was sent gives the token
 * away. */
static bool is_token(const struct guard *guard, const char *value, size_t length)
{
    unsigned char sent[crypto_generichash_BYTES], known[crypto_generichash_BYTES];
    crypto_generichash(sent, sizeof sent, (const unsigned char *)value, length, NULL, 0);
    crypto_generichash(known, sizeof known, (const unsigned char *)guard->token,
                       strlen(guard->token), NULL, 0);
    return sodium_memcmp(sent, known, sizeof sent) == 0;
}

static bool bearer_is_token(const struct guard *guard, const struct header *header)
{
    static const char bearer[] = "Bearer ";
    size_t length = strlen(bearer);
    return header->value_length >= length && strncasecmp(header->value, bearer, length) == 0 &&
           is_token(guard, header->value + length, header->value_length - length);
}

static bool token_is_right(const struct guard *guard, const char *head)
{
    struct header header;
    bool right = guard->token == NULL;
    if (guard->users_only)
        return false;
    for (const char *at = head; !right && head_next_named(&at, "authorization", &header);)
        right = bearer_is_token(guard, &header);
    for (const char *at = head; !right && head_next_named(&at, "x-api-key", &header);)
        right = is_token(guard, header.value, header.value_length);
    return right;
}

/* RFC 9112, 6.3: a second length, or a coding that another reader might not know, and the two would
 * not agree on where the next request begins. */
static bool framing_is_clear(const char *head)
{
    size_t lengths = head_count(head, "content-length");
    size_t codings = head_count(head, "transfer-encoding");
    if (lengths + codings > 1)
        return false;
    if (codings == 1)
        return head_value_is(head, "transfer-encoding", "chunked");
    struct header header;
    if (lengths == 0 || !head_find(head, "content-length", &header))
        return true;
    for (size_t i = 0; i < header.value_length; i++)
        if (header.value[i] < '0' || header.value[i] > '9')
            return false;
    return header.value_length > 0;
}

/* The name in an absolute target counts for the Host header (RFC 9112, 3.2.2), which must still be
 * present and ours. */
static bool hosts_are_ours(const struct guard *guard, const char *target, const char *head)
{
    struct header host;
    if (guard->host_count == 0)
        return head_count(head, "host") <= 1;
    if (head_count(head, "host") != 1 || !head_find(head, "host", &host) ||
        !host_is_ours(guard, host.value, host.value_length))
        return false;
    const char *path = route_path(target);
    if (path == target)
        return true;
    const char *name = strstr(target, "://") + strlen("://");
    return host_is_ours(guard, name, (size_t)(path - name));
}

static bool origin_is_ours(const struct guard *guard, const struct header *origin)
{
    static const char scheme[] = "http://";
    size_t length = strlen(scheme);
    return guard->host_count > 0 && origin->value_length > length &&
           strncasecmp(origin->value, scheme, length) == 0 &&
           host_is_ours(guard, origin->value + length, origin->value_length - length);
}

static bool site_is_ours(const struct header *site)
{
    return equals(site->value, site->value_length, "same-origin") ||
           equals(site->value, site->value_length, "none");
}

static bool page_is_ours(const struct guard *guard, const char *head)
{
    struct header header;
    for (const char *at = head; head_next_named(&at, "origin", &header);)
        if (!origin_is_ours(guard, &header))
            return false;
    for (const char *at = head; head_next_named(&at, "sec-fetch-site", &header);)
        if (!site_is_ours(&header))
            return false;
    return true;
}

enum guard_verdict guard_check(const struct guard *guard, const char *method, const char *target,
                               const char *head)
{
    if (!framing_is_clear(head))
        return GUARD_FRAMING;
    if (strcmp(method, "CONNECT") == 0 || !route_path(target))
        return GUARD_TARGET;
    if (strcmp(method, "TRACE") == 0)
        return GUARD_METHOD;
    if (!hosts_are_ours(guard, target, head))
        return GUARD_HOST;
    if (!page_is_ours(guard, head))
        return GUARD_ORIGIN;
    return token_is_right(guard, head) ? GUARD_ADMITTED : GUARD_TOKEN;
}

static const struct {
    int status;
    const char *sentence;
} answers[GUARD_COUNT] = {
    [GUARD_ADMITTED] = {200, ""},
    [GUARD_FRAMING] = {400, "Where the request ends is not clear: it has more than one "
                            "Content-Length or Transfer-Encoding, an unknown one, or a line that "
                            "is not a header."},
    [GUARD_TARGET] = {400, "The request names neither a path nor http://HOST/PATH."},
    [GUARD_METHOD] = {405, "The gateway passes no TRACE on: its answer would show the key."},
    [GUARD_HOST] = {421, "The Host header does not name this gateway. Use the address that "
                         "tcr-run gateway status shows."},
    [GUARD_ORIGIN] = {403, "The gateway does not answer web pages of other addresses."},
    [GUARD_TOKEN] = {401, "The gateway's token is missing or wrong. Send the one that tcr-run "
                          "gateway token shows as x-api-key or as a bearer token."},
};

int guard_status(enum guard_verdict verdict)
{
    return answers[verdict].status;
}

const char *guard_sentence(enum guard_verdict verdict)
{
    return answers[verdict].sentence;
}
